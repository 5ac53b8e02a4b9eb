import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, it } from 'node:test'

const LINES_MAX = 400
/** Not a limit: files above it are printed, so that somebody looks at them. */
const LINES_AIM = 250

const root = join(import.meta.dirname, '..')
const CODE = '{src,web/src,test,bench,tools,scripts}/**/*.{ts,js,mjs,svelte,css,sql}'
const PROSE =
  '{*.{md,json,ts,js},.npmrc,.env.example,NOTICE,.ci/*,.github/**/*.yml,{docs,ops}/**/*.{md,yml,yaml,conf,toml,sh,json},{docs,ops}/**/Dockerfile*}'

type File = { file: string; text: string }
type Fault = { name: string; why: string; pattern: RegExp; where: RegExp }

const read = (glob: string): File[] =>
  globSync(glob, { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path) }).map((path) => ({
    file: path.replaceAll(sep, '/'),
    text: readFileSync(join(root, path), 'utf8'),
  }))

const code = read(CODE)
const everything = [...code, ...read(PROSE)]

/** Writes a word in parts where the whole would be found in this very file. */
const whole = (...parts: string[]) => parts.join('')

const faults: Fault[] = [
  {
    name: 'a folder of one machine',
    why: 'nobody else has it',
    pattern: new RegExp(whole('/wo', 'rk/')),
    where: /./,
  },
  {
    name: 'a registry host',
    why: 'npm settings say where packages come from',
    pattern: /\bregistry\.[\w.-]*\b(?:org|com|net|io|dev|local|internal)\b/,
    where: /./,
  },
  {
    name: 'a test that runs alone',
    why: 'all others would be silently left out',
    pattern: /\b(?:it|test|describe|suite)\.only\(|\bonly: true/,
    where: /\.test\.ts$/,
  },
  {
    name: 'an unfinished place',
    why: 'finish it or open an issue',
    pattern: new RegExp(`\\b(?:${whole('TO', 'DO')}|${whole('FIX', 'ME')})\\b`),
    where: /\.(ts|js|mjs|svelte|css|sql)$/,
  },
  {
    name: 'a silenced compiler',
    why: 'fix the type',
    pattern: /@ts-(?:ignore|nocheck)/,
    where: /\.(ts|js|mjs|svelte)$/,
  },
  {
    name: 'data of the workshop in the product',
    why: 'only tests, benches and tools may look there',
    pattern: /\.\.\/shared\//,
    where: /^(src|web|scripts)\/(?!.*\.test\.ts$)/,
  },
]

const linesOf = ({ text }: File) => text.split('\n').length - 1

function found({ pattern, where }: Fault, files: File[]): string[] {
  const judged = files.filter(({ file }) => where.test(file))
  return judged.flatMap(({ file, text }) => {
    const line = text.split('\n').findIndex((each) => pattern.test(each))
    return line < 0 ? [] : [`${file}:${line + 1}`]
  })
}

describe('style', () => {
  it('sees the code and the prose', () => {
    for (const room of ['src/kernel/', 'src/engines/', 'scripts/', 'test/']) {
      assert.ok(
        code.some(({ file }) => file.startsWith(room)),
        `no file of ${room} was seen`,
      )
    }
    for (const file of ['package.json', 'CONTRIBUTING.md', '.ci/run', '.github/workflows/ci.yml']) {
      assert.ok(
        everything.some((each) => each.file === file),
        `${file} was not seen`,
      )
    }
    assert.deepEqual(
      everything.filter(({ file }) => file.includes('node_modules')),
      [],
    )
  })

  it(`no file is longer than ${LINES_MAX} lines`, (t) => {
    const long = code.filter((file) => linesOf(file) > LINES_AIM).map((file) => `${file.file}: ${linesOf(file)}`)
    if (long.length > 0) t.diagnostic(`longer than the aim of ${LINES_AIM} lines: ${long.join(', ')}`)
    assert.deepEqual(
      code.filter((file) => linesOf(file) > LINES_MAX).map(({ file }) => file),
      [],
    )
  })

  for (const fault of faults) {
    it(`no file has ${fault.name}: ${fault.why}`, () => assert.deepEqual(found(fault, everything), []))
  }
})

/** One line that each fault must find, in the file where it stands. */
const seeded: [string, string][] = [
  ['src/a.ts', `const music = '${whole('/wo', 'rk/music')}'`],
  ['.ci/run', `npm config set x https://${whole('regis', 'try.example.org')}`],
  ['src/a.test.ts', whole('it.', "only('x', () => {})")],
  ['src/a.ts', `// ${whole('TO', 'DO')}: later`],
  ['web/src/App.svelte', `// @ts-${whole('ig', 'nore')}`],
  ['src/engines/a.ts', whole("readFile('../sha", "red/data/x')")],
]

describe('style finds what is wrong', () => {
  assert.equal(seeded.length, faults.length)
  for (const [index, fault] of faults.entries()) {
    it(fault.name, () => {
      const [file, text] = seeded[index] ?? ['', '']
      assert.deepEqual(found(fault, [{ file, text: `const fine = 1\n${text}\n` }]), [`${file}:2`])
      assert.deepEqual(found(fault, [{ file, text: 'const fine = 1\n' }]), [])
    })
  }
})
