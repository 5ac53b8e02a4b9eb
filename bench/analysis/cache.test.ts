import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { cacheFolder, keptFile, prune } from './cache.ts'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-cache-'))
  process.env.TUTTI_BENCH_CACHE = folder
})
after(() => {
  delete process.env.TUTTI_BENCH_CACHE
  rmSync(folder, { recursive: true, force: true })
})

test('a file is made once, and lies whole under its name', () => {
  let made = 0
  const make = () => Uint8Array.of(++made)
  assert.equal(cacheFolder(), folder)
  const path = keptFile('a.wav', make)
  assert.equal(keptFile('a.wav', make), path)
  assert.deepEqual([...readFileSync(path)], [1])
  assert.deepEqual(readdirSync(folder), ['a.wav'])
})

test('what was used least lately goes first, and only of the kind that is bounded', () => {
  for (const [i, name] of ['old.wav', 'new.wav', 'other.json'].entries()) {
    writeFileSync(join(folder, name), new Uint8Array(100))
    utimesSync(join(folder, name), 1000 + i, 1000 + i)
  }
  keptFile('old.wav', () => new Uint8Array())
  assert.equal(prune(folder, '.wav', 150), 1)
  assert.deepEqual(readdirSync(folder).sort(), ['a.wav', 'old.wav', 'other.json'])
})
