import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { needsFfmpeg, tuneWav } from '#modules/streaming/testing.ts'
import { readArguments, table } from './cli-text.ts'

const CLI = fileURLToPath(new URL('./cli.ts', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'tutti-cli-'))
after(() => rm(folder, { recursive: true, force: true }))

type Ran = { code: number; stdout: string; stderr: string }
const run = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { ...process.env, INIT_CWD: folder }
    execFile(process.execPath, [CLI, ...args], { env, maxBuffer: 64 * 1024 ** 2 }, (fault, stdout, stderr) =>
      resolve({ code: typeof fault?.code === 'number' ? fault.code : 0, stdout, stderr }),
    )
  })

test('--json prints the files in their order, a fault beside the others', needsFfmpeg, async () => {
  await writeFile(join(folder, 'long.wav'), tuneWav(20))
  await writeFile(join(folder, '-odd name.wav'), tuneWav(4))
  await writeFile(join(folder, 'junk.mp3'), 'no music')
  const { code, stdout, stderr } = await run('--json', '--', 'long.wav', 'junk.mp3', '-odd name.wav', 'gone.ogg')
  const found = JSON.parse(stdout) as { file: string; error?: string; durationSec?: number; tempo?: unknown }[]
  assert.deepEqual(
    found.map(({ file }) => file),
    ['long.wav', 'junk.mp3', '-odd name.wav', 'gone.ogg'],
  )
  assert.deepEqual(
    found.map(({ error }) => error === undefined),
    [true, false, true, false],
  )
  assert.deepEqual(
    found.map(({ durationSec }) => durationSec && Math.round(durationSec)),
    [20, undefined, 4, undefined],
  )
  assert.ok('tempo' in (found[0] as object))
  assert.equal(code, 1)
  assert.match(stderr, /\[4\/4\]/)
})

test('without --json a table for people, and 0 when all went well', needsFfmpeg, async () => {
  await writeFile(join(folder, 'one.wav'), tuneWav(5))
  const { code, stdout } = await run('one.wav')
  assert.equal(code, 0)
  assert.match(stdout, /^file +time.*\none\.wav +0:05 /)
})

test('no file or a wrong option is told, and nothing is printed', async () => {
  for (const args of [[], ['--yaml', 'x.mp3']]) {
    const { code, stdout, stderr } = await run(...args)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /Usage/)
  }
})

test('arguments', () => {
  assert.deepEqual(readArguments(['a', '--json', 'b']), { files: ['a', 'b'], isJson: true })
  assert.deepEqual(readArguments(['--', '--json']), { files: ['--json'], isJson: false })
  assert.ok('fault' in readArguments(['--json']))
  assert.match(
    table([{ file: 'x.mp3', error: 'It is damaged.', code: 'media_unreadable' }]),
    /x\.mp3 +failed: It is damaged/,
  )
})
