/** The page of promises names tests: each of them is there. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDERS = ['', 'src/modules/identity/']

test('every test that docs/security.md names is there', () => {
  const page = readFileSync(`${ROOT}docs/security.md`, 'utf8')
  const named = [...page.matchAll(/`([\w./*-]+\.test\.ts)`/g)].map((m) => m[1] as string)
  assert.ok(named.length > 40, `${named.length} are named`)
  const missing = named.filter((name) => FOLDERS.every((f) => globSync(f + name, { cwd: ROOT }).length === 0))
  assert.deepEqual(missing, [])
})

test('no promise is without a test or a bench', () => {
  const page = readFileSync(`${ROOT}docs/security.md`, 'utf8')
  const rows = page.split('\n').filter((line) => /^\| (?!promise|---|what\b)/.test(line))
  const kept = rows.filter((line) => line.split('|').length === 4)
  assert.ok(kept.length > 40, `${kept.length} promises`)
  assert.deepEqual(
    kept.filter((line) => !/\.test\.ts`|npm run bench/.test(line)),
    [],
  )
})
