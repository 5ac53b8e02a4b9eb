import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
type Order = {
  ordered(root: string, files: readonly string[], folder: string): string[]
  spread(waiting: readonly string[][], computing: readonly string[][]): string[][]
}
const { ordered, spread } = (await import(join(root, 'scripts/lib/test-order.mjs'))) as Order
const { filesUnder } = (await import(join(root, 'scripts/lib/hash.mjs'))) as {
  filesUnder(root: string, path: string): string[]
}
const tests = ['src', 'test'].flatMap((room) => filesUnder(root, room)).filter((file) => file.endsWith('.test.ts'))

/** The files that each entry imports. */
async function entriesOf(files: readonly string[]): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-order-'))
  try {
    const made = ordered(root, files, relative(root, folder))
    assert.deepEqual(made, made.toSorted(), 'node:test sorts by name')
    const texts = await Promise.all(made.map((path) => readFile(join(root, path), 'utf8')))
    return texts.map((text) =>
      [...text.matchAll(/import\('([^']+)'\)/g)].map(([, url]) => relative(root, fileURLToPath(url ?? ''))),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

void describe('the order of a whole run', () => {
  void it('has every file once', async () => {
    const entries = await entriesOf(tests)
    assert.deepEqual(entries.flat().toSorted(), tests.toSorted())
    assert.ok(entries.length < tests.length - 20, 'some share a process')
  })

  void it('gives a process of its own to what concerns all of one', async () => {
    const entries = await entriesOf(tests)
    const shared = entries.filter((files) => files.length > 1).flat()
    for (const file of shared)
      assert.doesNotMatch(await readFile(join(root, file), 'utf8'), /^(before|after)\(|process\.kill|spawn\(/m, file)
  })

  void it('spreads what waits over the first part of what computes', () => {
    const computing = Array.from({ length: 10 }, (_, i) => [`c${i}`])
    const names = spread([['w0'], ['w1']], computing).flat()
    assert.deepEqual(names.toSorted(), ['w0', 'w1', ...computing.flat()].toSorted())
    assert.ok(names.indexOf('w0') < 3 && names.indexOf('w1') > 3 && names.indexOf('w1') < 8, names.join(' '))
  })

  void it('leaves a few files as they are', () => {
    const few = tests.slice(0, 3)
    assert.deepEqual(ordered(root, few, 'nowhere'), few)
  })
})
