import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { AppError } from '#kernel/errors.ts'
import { checkedRules, matcherOf, rulesIn, textOfBytes } from './rules.ts'

const ignored = (rules: string[], path: string): boolean => {
  const isFolder = path.endsWith('/')
  return matcherOf(rules)?.(isFolder ? path.slice(0, -1) : path, isFolder ? 'folder' : 'file') ?? false
}

test('rules are those of .gitignore: names anywhere, paths with a slash from the top, folders, exceptions, the last wins', () => {
  const rules = rulesIn('# books\nPodcasts/\n*.wav\n/top.mp3\nlive/*/demo.mp3\n!keep.wav\nspace\\ \n\n')
  const yes = ['Podcasts/', 'a/Podcasts/', 'a/b.wav', 'top.mp3', 'live/x/demo.mp3', 'space ']
  const no = ['Podcasts', 'a/top.mp3', 'live/demo.mp3', 'a/keep.wav', 'podcasts/', 'B.WAV', 'space']
  for (const path of yes) assert.equal(ignored(rules, path), true, path)
  for (const path of no) assert.equal(ignored(rules, path), false, path)
})

test('a file of rules in a folder speaks of what is below that folder alone, whatever the folder is called', () => {
  for (const dir of ['a/b', 'x[1]', 'We * Love?', '#1', '!bang', 'back\\slash']) {
    const rules = rulesIn('*.wav\n/one.mp3\nsub/two.mp3\n!good.wav\nextra/', dir)
    for (const path of ['a.wav', 'deep/a.wav', 'one.mp3', 'sub/two.mp3', 'deep/extra/'])
      assert.equal(ignored(rules, `${dir}/${path}`), true, `${dir}/${path}`)
    for (const path of ['deep/one.mp3', 'good.wav', 'deep/sub/two.mp3', 'extra'])
      assert.equal(ignored(rules, `${dir}/${path}`), false, `${dir}/${path}`)
    for (const path of ['a.wav', 'one.mp3', 'sub/two.mp3']) assert.equal(ignored(rules, path), false, path)
  }
})

test('what can be no rule is refused with its line', () => {
  for (const line of ['a\\', '/', '!', '../x', 'a/./b', '[ab', 'a\0b', '**/a/**/b/**/c/**/d', 'x'.repeat(1001)])
    assert.throws(
      () => checkedRules(`fine\n${line}`),
      (e: AppError) => e instanceof AppError && e.status === 400 && e.message.startsWith('Line 2 '),
      line.slice(0, 20),
    )
  assert.throws(() => checkedRules('a\n'.repeat(1001)), /At most 1000/)
  for (const text of ['', '# [', 'a\\\\', '[]ab]', '[!]]', '\\[', 'a..b', '...']) assert.equal(checkedRules(text), text)
})

test('names that are no UTF-8 are told apart and hit by wildcards; composed and decomposed spellings are one', () => {
  const latin1 = textOfBytes(Buffer.from('B\xf6se.mp3', 'latin1'))
  assert.equal(ignored(['B?se.mp3'], latin1), true)
  assert.equal(ignored(['Böse.mp3'], latin1), false)
  assert.notEqual(latin1, textOfBytes(Buffer.from('B\xf7se.mp3', 'latin1')))
  assert.equal(ignored(rulesIn(textOfBytes(Buffer.from('B\xf6se.*', 'latin1'))), latin1), true)
  assert.equal(ignored(rulesIn('Bo\u0308se'), textOfBytes(Buffer.from('Böse'))), true)
  const bytes = fc.array(fc.constantFrom(0x61, 0x2f, 0xc3, 0xb6, 0xff, 0x80, 0xed, 0xb2)).map((b) => Buffer.from(b))
  fc.assert(fc.property(bytes, bytes, (a, b) => assert.equal(textOfBytes(a) === textOfBytes(b), a.equals(b))))
})

const git = (): string | undefined => {
  try {
    return execFileSync('git', ['--version'], { encoding: 'utf8' })
  } catch {
    return undefined
  }
}

test('decides as git does over random rules in random places', {
  skip: git() ? false : 'git is not installed',
}, (t) => {
  const root = mkdtempSync(join(tmpdir(), 'tutti-rules-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const run = (args: string[], input?: string) =>
    execFileSync('git', args, {
      cwd: root,
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    })
  run(['init', '-q'])
  const names = ['a', 'b', 'ab', 'a b', 'x.wav']
  const paths = names.flatMap((x) => names.map((y) => `${x}.d/${y}.d/`)).flatMap((p) => names.map((n) => p + n))
  for (const p of paths) mkdirSync(join(root, dirname(p)), { recursive: true })
  for (const p of paths) writeFileSync(join(root, p), '')
  const part = fc.constantFrom('a', 'b', 'a*', '*b', '?b', '[a-b]', '*.wav', 'a.d', '*.d', '**', 'a\\ b', '[!a]*')
  const line = fc
    .tuple(
      fc.constantFrom('', '!'),
      fc.constantFrom('', '/'),
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '/'),
    )
    .map(([not, top, parts, end]) => `${not}${top}${parts.join('/')}${end}`)
  const lines = fc.array(line, { maxLength: 4 })
  fc.assert(
    fc.property(lines, lines, (top, inner) => {
      writeFileSync(join(root, '.gitignore'), top.join('\n'))
      writeFileSync(join(root, 'a.d/.gitignore'), inner.join('\n'))
      const theirs = gitIgnores(run, paths)
      const above = rulesIn(top.join('\n'))
      const below = [...above, ...rulesIn(inner.join('\n'), 'a.d')]
      // A walk comes to a folder only when nothing above it is left out, and reads the inner rules there.
      const ours = paths.filter((p) =>
        ignored(above, 'a.d/') && p.startsWith('a.d/') ? true : ignored(p.startsWith('a.d/') ? below : above, p),
      )
      assert.deepEqual(ours, theirs)
    }),
    { numRuns: 25 },
  )
})

/** `check-ignore` answers 1 when nothing is ignored. */
function gitIgnores(run: (args: string[], input?: string) => string, paths: string[]): string[] {
  try {
    const told = run(['check-ignore', '--no-index', '-z', '--stdin'], paths.join('\0'))
    return told.split('\0').filter((p) => p !== '')
  } catch (thrown) {
    if ((thrown as { status?: number }).status === 1) return []
    throw thrown
  }
}
