import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

/** How the source makes an error that a caller or an operator sees; the group is its code. */
const MAKERS = [
  /\b(?:badRequest|unauthorized|conflict|unprocessable|unavailable)\(\s*'([a-z_]+)'/g,
  /\bnew (?:AppError|StartError)\(\s*(?:\d+,\s*)?'([a-z_]+)'/g,
  /\bforbidden\([^;]*?,\s*'([a-z_]+)',?\s*\)/g,
  /\btooMany\([^;]*?,\s*'([a-z_]+)',?\s*\)/g,
  /\[\s*\d{3},\s*'([a-z_]+)',/g,
]
const sources = globSync('src/**/*.ts', {
  exclude: (f) => /\.test\.ts$|suite\.ts$|testing[^/]*\.ts$|test-child\.ts$/.test(f),
}).map((f) => readFileSync(f, 'utf8'))
const made = new Set(
  sources.flatMap((s) => MAKERS.flatMap((m) => [...s.matchAll(m)].map((found) => found[1] as string))),
)
const listed = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([a-z_]+)` \|/gm)].map((m) => m[1] as string)

test('every error code is listed in docs/errors.md, once', () => {
  assert.ok(made.size > 50, 'the source was not read: this test would pass on nothing')
  assert.deepEqual([...made].filter((code) => !listed.includes(code)).sort(), [], 'not listed')
  assert.equal(new Set(listed).size, listed.length, 'listed twice')
})

test('no error code is listed that the source does not know', () => {
  const all = sources.join('\n')
  assert.deepEqual(
    listed.filter((code) => !all.includes(`'${code}'`)),
    [],
  )
})
