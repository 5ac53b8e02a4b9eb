import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { needsFfmpeg, tuneWav } from '#modules/streaming/testing.ts'
import { readArguments, rowOf, table } from './cli-text.ts'

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

test('a folder is searched; a table for people, and 0 when all went well', needsFfmpeg, async () => {
  const deep = join(folder, 'music', 'b', 'deep')
  await mkdir(deep, { recursive: true })
  await writeFile(join(folder, 'music', 'one.wav'), tuneWav(5))
  await writeFile(join(deep, 'TWO.WAV'), tuneWav(2))
  await writeFile(join(deep, 'notes.txt'), 'no music')
  await writeFile(join(deep, '.hidden.wav'), 'no music')
  await symlink(join(folder, 'music'), join(deep, 'round and round'))
  const { code, stdout, stderr } = await run('music')
  const lines = stdout.trimEnd().split('\n')
  assert.deepEqual([code, lines.length], [0, 3], stdout + stderr)
  assert.match(lines[0] ?? '', /^file +time +tempo/)
  assert.match(lines[1] ?? '', /^music\/b\/deep\/TWO\.WAV +0:02 /)
  assert.match(lines[2] ?? '', /^music\/one\.wav +0:05 /)
})

test('every descriptor by name; parts and peaks as lines of JSON', needsFfmpeg, async () => {
  await writeFile(join(folder, 'some.wav'), tuneWav(6))
  const all = await run('--all', '--quiet', 'some.wav')
  assert.deepEqual([all.code, all.stderr], [0, ''])
  for (const name of [
    'tempo',
    'spectral.variance.centroidHz',
    'loudness.curve.shortTermLufs',
    'chords',
    'mfcc',
    'fades.outSec',
  ])
    assert.match(all.stdout, new RegExp(`^  ${name.replaceAll('.', '\\.')} `, 'm'))
  const some = await run('--jsonl', '--part=key,loudness', '--waveform=32', '--workers=1', 'some.wav', 'gone.wav')
  const [found, gone] = some.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.equal(some.code, 1)
  assert.ok(found && 'key' in found && 'truePeakDbtp' in found && !('tempo' in found))
  assert.equal((found['waveform'] as { points: number }).points, 32)
  assert.deepEqual([gone?.['file'], gone?.['code']], ['gone.wav', 'media_not_found'])
})

test('help is an answer; no file or a wrong option is told, and nothing is printed', async () => {
  const help = await run('--help')
  assert.deepEqual([help.code, help.stderr], [0, ''])
  assert.match(help.stdout, /Usage[^]*--jsonl/)
  for (const args of [[], ['--yaml', 'x.mp3'], ['--part=nonsense', 'x.mp3'], ['--workers=0', 'x.mp3']]) {
    const { code, stdout, stderr } = await run(...args)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /Usage/)
  }
})

test('arguments', () => {
  const plain = { format: 'table', parts: [], waveformPoints: 0, workers: 0, isQuiet: false }
  assert.deepEqual(readArguments(['a', '--json', 'b']), { ...plain, files: ['a', 'b'], format: 'json' })
  assert.deepEqual(readArguments(['--', '--json']), { ...plain, files: ['--json'] })
  assert.deepEqual(readArguments(['--waveform', '--part=key', 'a']), {
    ...plain,
    files: ['a'],
    waveformPoints: 800,
    parts: ['key'],
  })
  assert.ok('fault' in readArguments(['--json']))
  const failed = rowOf({ file: 'x.mp3', error: 'It is damaged.', code: 'media_unreadable' })
  assert.match(table([failed]), /x\.mp3 +failed: It is damaged/)
})
