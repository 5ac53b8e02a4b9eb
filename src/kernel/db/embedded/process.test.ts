import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Account } from './account.ts'
import { runTool } from './process.ts'

const TIMEOUT_MS = 10_000
const self = (): Account => {
  const { uid, gid, username } = userInfo()
  return { uid, gid, name: username }
}

test('a program that Ctrl-C ended before it began is begun again, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-tool-'))
  try {
    const flag = join(folder, 'flag')
    const dieFirst = `if [ ! -e ${flag} ]; then touch ${flag}; kill -INT $$; sleep 5; fi; echo done`
    const second = await runTool('/bin/sh', ['-c', dieFirst], self(), TIMEOUT_MS)
    assert.deepEqual([second.exitCode, second.output.trim()], [0, 'done'])
    const always = await runTool('/bin/sh', ['-c', 'kill -INT $$; sleep 5'], self(), TIMEOUT_MS)
    assert.equal(always.exitCode, null)
    const begun = await runTool('/bin/sh', ['-c', 'echo begun; kill -INT $$; sleep 5'], self(), TIMEOUT_MS)
    assert.deepEqual([begun.exitCode, begun.output.trim()], [null, 'begun'], 'what had begun is not begun twice')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
