import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import type { PacketTable } from '#kernel/media/types.ts'
import { withItunesPriming } from '#test/fixtures/audio.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import { packetsOfFile } from './index.ts'

const run = promisify(execFile)
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const skip = !hasFfmpeg && process.env['TUTTI_TEST_FULL'] !== '1' ? 'ffmpeg is not installed' : false
const SECONDS = 9.7
const HASH_COLUMN = 5
const STRETCH_BYTES_MAX = 64 * 1024 * 1024

let folder: string
const ffmpeg = async (...args: string[]): Promise<string> =>
  (await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { maxBuffer: STRETCH_BYTES_MAX })).stdout

type File = { readonly name: string; readonly args: readonly string[]; readonly filter?: string }
const AAC = '-c:a aac -b:a 96k'.split(' ')
const OPUS = '-c:a libopus -b:a 96k'.split(' ')
const FILES: readonly File[] = [
  { name: 'a.m4a', args: [...AAC, '-ar', '44100', '-ac', '2'] },
  { name: 'front.m4a', args: [...AAC, '-ar', '48000', '-ac', '1', '-movflags', '+faststart'] },
  { name: 'a.aac', args: [...AAC, '-ar', '32000', '-ac', '2'], filter: 'aac_adtstoasc' },
  { name: 'a.webm', args: OPUS },
  { name: 'long.mka', args: [...OPUS, '-frame_duration', '60'] },
  { name: 'live.webm', args: [...OPUS, '-live', '1'] },
  { name: 'flac.mka', args: ['-c:a', 'flac'] },
  { name: 'flac.oga', args: ['-c:a', 'flac', '-f', 'ogg'] },
  // Frames that are larger than a page of Ogg.
  {
    name: 'large.oga',
    args: [
      '-af',
      'aeval=random(0)-0.5',
      '-ar',
      '96000',
      '-ac',
      '2',
      '-c:a',
      'flac',
      '-frame_size',
      '16384',
      '-f',
      'ogg',
    ],
  },
]

if (!skip) {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-packets-'))
    const source = join(folder, 'source.wav')
    await writeFile(source, tuneWav(SECONDS))
    for (const { name, args } of FILES) await ffmpeg('-i', source, ...args, join(folder, name))
  })
  after(() => rm(folder, { recursive: true, force: true }))
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
async function tableOf(name: string): Promise<PacketTable> {
  const table = await packetsOfFile(join(folder, name))
  assert.ok(table, `${name} has no table`)
  return table
}
/** Checksums of the packets that a table finds. */
async function found(name: string, { packets, offsets, sizes, firsts }: PacketTable): Promise<string[]> {
  const file = await readFile(join(folder, name))
  return Array.from({ length: packets }, (_, i) => {
    const [from, to] = firsts ? [firsts[i] as number, firsts[i + 1] as number] : [i, i + 1]
    const parts: Buffer[] = []
    for (let s = from; s < to; s++) parts.push(file.subarray(offsets[s], (offsets[s] as number) + (sizes[s] as number)))
    return md5(Buffer.concat(parts))
  })
}
/** The same as FFmpeg takes them out. */
async function expected({ name, filter }: File): Promise<string[]> {
  const copy = ['-map', '0:a:0', '-c', 'copy', ...(filter ? ['-bsf:a', filter] : [])]
  const text = await ffmpeg('-i', join(folder, name), ...copy, '-f', 'framehash', '-hash', 'md5', '-')
  return text
    .split('\n')
    .flatMap((line) => (line && !line.startsWith('#') ? [line.split(',')[HASH_COLUMN]?.trim() ?? ''] : []))
}
/** Samples that FFmpeg decodes. */
async function decodedSamples(name: string, { channels, sampleRateHz }: PacketTable): Promise<number> {
  const args = ['-v', 'error', '-nostdin', '-i', join(folder, name), '-ar', String(sampleRateHz), '-f', 's16le', '-']
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: STRETCH_BYTES_MAX })
  return stdout.length / 2 / channels
}

describe('packets of files', { skip }, () => {
  for (const file of FILES)
    test(`${file.name}: all of them, to the bit, and as long as the music`, async () => {
      const table = await tableOf(file.name)
      assert.deepEqual(await found(file.name, table), await expected(file))
      const decoded = await decodedSamples(file.name, table)
      // Of MP4 FFmpeg plays the last packet to its end, whatever the file says.
      const beyond = decoded - table.samples
      assert.ok(file.name.endsWith('m4a') ? beyond >= 0 && beyond < table.packetSamples : beyond === 0, `${beyond}`)
    })

  test('what an edit list cuts away is not among them, but for what a decoder needs', async () => {
    await ffmpeg('-ss', '4', '-i', join(folder, 'a.m4a'), '-c', 'copy', join(folder, 'cut.m4a'))
    const [whole, cut] = [await tableOf('a.m4a'), await tableOf('cut.m4a')]
    assert.ok(cut.packets < whole.packets && cut.delaySamples <= 9 * 1024)
    const all = await found('a.m4a', whole)
    const own = await found('cut.m4a', cut)
    const at = all.indexOf(own[0] as string)
    assert.deepEqual(own, all.slice(at, at + own.length))
    assert.ok(Math.abs((at * 1024 - whole.delaySamples + cut.delaySamples) / 44_100 - 4) < 0.001)
  })

  test('what iTunes says of the start and the end counts where there is no edit list', async () => {
    const path = join(folder, 'itunes.m4a')
    await ffmpeg('-i', join(folder, 'source.wav'), ...AAC, '-ar', '44100', '-use_editlist', '0', path)
    const plain = await readFile(path)
    const { samples, delaySamples } = await tableOf('itunes.m4a')
    assert.equal(delaySamples, 0)
    await writeFile(path, withItunesPriming(plain, 1024, samples - 1024 - 300))
    const told = await tableOf('itunes.m4a')
    assert.deepEqual([told.delaySamples, told.samples], [1024, samples - 1324])
    await writeFile(path, withItunesPriming(plain, 1024, samples * 2))
    assert.equal((await tableOf('itunes.m4a')).samples, samples - 1024, 'no more than there is')
  })

  test('what is not copied has no table', async () => {
    const source = join(folder, 'source.wav')
    const others: readonly File[] = [
      { name: 'fragments.m4a', args: [...AAC, '-movflags', 'frag_keyframe+empty_moov', '-frag_duration', '1000000'] },
      { name: 'alac.m4a', args: ['-c:a', 'alac'] },
      { name: 'vorbis.webm', args: ['-c:a', 'libvorbis', '-ac', '2'] },
      { name: 'opus.ogg', args: OPUS },
      { name: 'plain.flac', args: [] },
    ]
    for (const { name, args } of others) {
      await ffmpeg('-i', source, ...args, join(folder, name))
      assert.equal(await packetsOfFile(join(folder, name)), null, name)
    }
  })

  test('of whatever is cut or damaged the packets still lie within the file', async () => {
    const path = join(folder, 'damaged')
    for (const name of ['a.m4a', 'a.aac', 'a.webm', 'flac.oga', 'flac.mka']) {
      const whole = await readFile(join(folder, name))
      const place = fc.nat(whole.length - 1)
      await fc.assert(
        fc.asyncProperty(place, fc.array(fc.tuple(place, fc.nat(255)), { maxLength: 8 }), async (end, changes) => {
          const bytes = Buffer.from(whole.subarray(0, end % 5 === 0 ? end : whole.length))
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at % 3 === 0 ? at % 900 : at] = byte
          await writeFile(path, bytes)
          const table = await packetsOfFile(path)
          if (!table) return
          assert.ok(table.samples > 0 && table.packets * table.packetSamples + table.packetSamples >= table.samples)
          table.offsets.forEach((offset, i) => assert.ok(offset + (table.sizes[i] as number) <= bytes.length))
        }),
        { numRuns: 40 },
      )
    }
  })
})
