import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buffer } from 'node:stream/consumers'
import { skipWithoutFfmpeg, tempFolder, withItunesPriming, writeSweep } from '#test/fixtures/audio.ts'
import { earlier, withoutFirstPages } from '#test/fixtures/ogg.ts'
import { createMedia, type EncodeOptions, type Media, type Timeline } from './index.ts'

const OUT_HZ = 48_000
const GRID_SEC = 0.96
const SECONDS = 9.37
/** Grid lines at which encoders begin: one that is entered from the start, one in the middle, the last. */
const PLACES = [1, 5, 9]

type Source = {
  name: string
  rateHz?: number
  channels?: 1 | 2
  args: string[]
  tolerance?: number
  samplesOff?: number
}
const FRAGMENTS = ['-movflags', '+frag_keyframe+empty_moov', '-frag_duration', '1000000']
const SOURCES: Source[] = [
  { name: 'cbr.mp3', args: ['-b:a', '128k'] },
  { name: 'vbr.mp3', args: ['-q:a', '4'] },
  { name: 'abr.mp3', args: ['-b:a', '128k', '-abr', '1'] },
  { name: 'untagged.mp3', args: ['-q:a', '2', '-write_xing', '0', '-id3v2_version', '0'] },
  { name: 'mono.mp3', channels: 1, args: ['-b:a', '64k'] },
  { name: '48.mp3', rateHz: 48_000, args: ['-b:a', '320k'] },
  { name: '22.mp3', rateHz: 22_050, args: ['-b:a', '48k'] },
  { name: '8.mp3', rateHz: 8000, channels: 1, args: ['-b:a', '16k'] },
  // Its decoder adds noise of the last bit.
  { name: 'layer2.mp2', args: ['-c:a', 'mp2', '-b:a', '192k'], tolerance: 2 },
  // What AAC replaces by noise is another noise each time.
  { name: 'aac.m4a', args: ['-c:a', 'aac', '-aac_pns', '0'] },
  { name: 'mono48.m4a', rateHz: 48_000, channels: 1, args: ['-c:a', 'aac', '-aac_pns', '0'] },
  { name: 'adts.aac', args: ['-c:a', 'aac', '-aac_pns', '0', '-f', 'adts'] },
  { name: 'unedited.m4a', args: ['-c:a', 'aac', '-aac_pns', '0', '-use_editlist', '0'] },
  { name: 'fragments.m4a', channels: 1, args: ['-c:a', 'aac', '-aac_pns', '0', ...FRAGMENTS] },
  { name: '22.m4a', rateHz: 22_050, args: ['-c:a', 'aac', '-aac_pns', '0'] },
  { name: 'opus.m4a', rateHz: 48_000, channels: 1, args: ['-c:a', 'libopus', '-f', 'mp4'] },
  { name: 'mp3.m4a', channels: 1, args: ['-c:a', 'libmp3lame', '-f', 'mp4'] },
  { name: 'flac.m4a', args: ['-c:a', 'flac', '-strict', '-2', '-f', 'mp4'] },
  { name: 'alac.m4a', args: ['-c:a', 'alac'] },
  { name: '16.flac', args: ['-sample_fmt', 's16'] },
  { name: '24-96.flac', rateHz: 96_000, args: ['-sample_fmt', 's32', '-bits_per_raw_sample', '24'] },
  { name: '16.wav', args: ['-c:a', 'pcm_s16le'] },
  { name: '24-96.wav', rateHz: 96_000, args: ['-c:a', 'pcm_s24le'] },
  { name: 'float.wav', rateHz: 48_000, args: ['-c:a', 'pcm_f32le'] },
  { name: '16.aiff', args: ['-c:a', 'pcm_s16be'] },
  { name: 'vorbis.ogg', args: ['-c:a', 'libvorbis', '-q:a', '4'] },
  { name: 'flac.oga', args: ['-c:a', 'flac'] },
  { name: 'opus.opus', rateHz: 48_000, args: ['-c:a', 'libopus', '-b:a', '96k'] },
  { name: 'wavpack.wv', args: ['-c:a', 'wavpack'] },
  // Milliseconds only, and whole packets.
  { name: 'opus.webm', rateHz: 48_000, args: ['-c:a', 'libopus', '-b:a', '96k'], samplesOff: 960 },
  { name: 'wma.wma', args: ['-c:a', 'wmav2', '-b:a', '128k'], samplesOff: 4096 },
]

let folder: Awaited<ReturnType<typeof tempFolder>>
before(async () => {
  folder = await tempFolder()
})
after(() => folder.remove())

const decoding = (...filter: string[]) => ['-map', '0:a:0', ...filter, '-c:a', 'pcm_s16le', '-f', 's16le']
const decoded = (path: string, ...filter: string[]): Buffer =>
  execFileSync('ffmpeg', ['-v', 'fatal', '-nostdin', '-i', path, ...decoding(...filter), 'pipe:1'], {
    maxBuffer: 1e9,
    stdio: ['ignore', 'pipe', 'inherit'],
  })

const resampled = (before = 'anull') => ['-af', `${before},aresample=${OUT_HZ},aformat=fltp`]
/** As it is and resampled, by one process: to start one takes longer than to decode. */
async function decodedBoth(path: string): Promise<{ plain: Buffer; whole: Buffer }> {
  const beside = `${path}.s16`
  const args = [
    '-v',
    'fatal',
    '-nostdin',
    '-i',
    path,
    ...decoding(...resampled()),
    '-y',
    beside,
    ...decoding(),
    'pipe:1',
  ]
  const plain = execFileSync('ffmpeg', args, { maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'inherit'] })
  return { plain, whole: await readFile(beside) }
}

type Made = { path: string; timeline: Timeline; container: string }
async function make(media: Media, { name, rateHz = 44_100, channels = 2, args }: Source): Promise<Made> {
  const path = join(folder.path, name)
  await writeSweep(path, { seconds: SECONDS, rateHz, channels, args })
  const probe = await media.probe(path)
  assert.ok(probe.ok)
  return { path, timeline: await media.timeline(path), container: probe.container }
}

const PCM = {
  codec: 'wav',
  sampleRateHz: OUT_HZ,
  channels: 2,
  bits: 16,
  packetSamples: 1152,
  startSample: 0,
} as const
async function encoded(media: Media, made: Made, o: Partial<EncodeOptions>): Promise<Buffer> {
  const job = await media.encode(made.path, {
    ...PCM,
    channels: made.timeline.channels === 1 ? 1 : 2,
    samples: OUT_HZ,
    ...made,
    ...o,
  })
  const bytes = await buffer(job.stream)
  await job.exit
  return bytes
}

/** The largest difference between two stretches of 16-bit samples. */
function difference(a: Buffer, b: Buffer): number {
  let most = a.length === b.length ? 0 : Number.POSITIVE_INFINITY
  for (let i = 0; i + 1 < Math.min(a.length, b.length); i += 2)
    most = Math.max(most, Math.abs(a.readInt16LE(i) - b.readInt16LE(i)))
  return most
}

/** From these places on, one second of `made` is what whole decoding and resampling gives there. */
async function assertExact(
  media: Media,
  made: Made,
  places: readonly number[],
  tolerance: number,
  whole = decoded(made.path, ...resampled()),
): Promise<void> {
  const { channels } = made.timeline
  const frameBytes = 2 * channels
  for (const place of places) {
    const startSample = Math.round(place * GRID_SEC * OUT_HZ)
    const part = await encoded(media, made, { startSample })
    const there = whole.subarray(startSample * frameBytes, (startSample + OUT_HZ) * frameBytes)
    const silence = Buffer.alloc(OUT_HZ * frameBytes - there.length)
    // The very end depends on how the resampler is flushed; silence follows.
    const end = silence.length > 0 ? there.length - 64 * frameBytes : there.length
    assert.equal(part.length, OUT_HZ * frameBytes)
    const most = difference(part.subarray(0, end), there.subarray(0, end))
    assert.ok(most <= tolerance, `at ${place}: ${most} off`)
    assert.equal(difference(part.subarray(there.length), silence), 0, `silence after the music, at ${place}`)
  }
}

describe('native', { skip: skipWithoutFfmpeg() }, () => {
  let media: Media
  before(async () => {
    media = await createMedia({ driver: 'native' })
  })
  after(() => media.close())

  for (const source of SOURCES)
    test(`${source.name}: as long as FFmpeg decodes it, and from any grid line what is there`, async () => {
      const made = await make(media, source)
      const { plain, whole } = await decodedBoth(made.path)
      const samples = plain.length / 2 / made.timeline.channels
      const off = Math.abs(made.timeline.samples - samples)
      assert.ok(off <= (source.samplesOff ?? 0), `${made.timeline.samples} said, ${samples} decoded`)
      if (source.samplesOff === undefined) await assertExact(media, made, PLACES, source.tolerance ?? 0, whole)
      else await assertExact(media, { ...made, timeline: { ...made.timeline, samples } }, PLACES, 0, whole)
    })

  for (const [name, change, skipped] of [
    ['radio.ogg', (ogg: Buffer) => withoutFirstPages(ogg, 2), 0],
    ['radio.opus', (ogg: Buffer) => withoutFirstPages(ogg, 2), 0],
    ['before.ogg', (ogg: Buffer) => earlier(ogg, 128), 128],
  ] as const)
    test(`${name}: the positions of an Ogg that does not begin at 0 are kept to`, async () => {
      const isOpus = name.endsWith('opus')
      const args = isOpus ? ['-c:a', 'libopus'] : ['-c:a', 'libvorbis']
      const made = await make(media, { name, rateHz: isOpus ? 48_000 : 44_100, args })
      await writeFile(made.path, change(await readFile(made.path)))
      const changed = { ...made, timeline: await media.timeline(made.path) }
      assert.equal(changed.timeline.samples, decoded(made.path).length / 4 - skipped)
      const skip = `atrim=start_sample=${skipped}`
      await assertExact(media, changed, [0, 1, 5], 0, decoded(made.path, ...resampled(skip)))
    })

  test('what iTunes says of the start of a file without an edit list is left out, as FFmpeg does', async () => {
    const args = ['-c:a', 'aac', '-aac_pns', '0', '-use_editlist', '0']
    const made = await make(media, { name: 'itunes.m4a', args })
    await writeFile(made.path, withItunesPriming(await readFile(made.path), 1024))
    const tagged = { ...made, timeline: await media.timeline(made.path) }
    assert.equal(tagged.timeline.samples, made.timeline.samples - 1024)
    assert.equal(tagged.timeline.samples, decoded(made.path).length / 4)
    await assertExact(media, tagged, PLACES, 0)
  })

  test('lossless music goes through bit by bit at its own rate, from any grid line', async () => {
    for (const [name, bits, rateHz] of [
      ['bits.flac', 16, 44_100],
      ['bits24.flac', 24, 96_000],
    ] as const) {
      const args = bits === 16 ? ['-sample_fmt', 's16'] : ['-sample_fmt', 's32', '-bits_per_raw_sample', '24']
      const made = await make(media, { name, rateHz, args })
      assert.equal(made.timeline.bits, bits)
      const raw = ['-v', 'error', '-i', made.path, '-c:a', `pcm_s${bits}le`, '-f', `s${bits}le`, 'pipe:1']
      const whole = execFileSync('ffmpeg', raw, { maxBuffer: 1e9 })
      const frameBytes = (bits / 8) * 2
      const startSample = Math.round(5 * GRID_SEC * rateHz)
      const part = await encoded(media, made, { bits, sampleRateHz: rateHz, startSample, samples: rateHz })
      assert.ok(part.equals(whole.subarray(startSample * frameBytes, (startSample + rateHz) * frameBytes)))
    }
  })

  test('an odd sample rate begins where both rates meet', async () => {
    const made = await make(media, { name: 'odd.wav', rateHz: 11_127, args: ['-c:a', 'pcm_s16le'] })
    await assertExact(media, made, PLACES, 0)
  })

  test('a gain is a gain, and a positive one never goes above −1 dB', async () => {
    const made = await make(media, { name: 'gain.wav', args: ['-c:a', 'pcm_s16le'] })
    const plain = await encoded(media, made, { startSample: 2 * OUT_HZ })
    const quiet = await encoded(media, made, { startSample: 2 * OUT_HZ, gainDb: -6 })
    const factor = 10 ** (-6 / 20)
    for (let i = 0; i < plain.length; i += 2)
      assert.ok(Math.abs(plain.readInt16LE(i) * factor - quiet.readInt16LE(i)) <= 1)
    const loud = await encoded(media, made, { startSample: 2 * OUT_HZ, gainDb: 18 })
    const peak = Math.max(...Array.from({ length: loud.length / 2 }, (_, i) => Math.abs(loud.readInt16LE(i * 2))))
    assert.ok(peak <= 0.8913 * 32_768 && peak > 0.8 * 32_768, String(peak))
  })

  test('before the music there is silence, and more than two channels become two', async () => {
    const made = await make(media, { name: 'silence.flac', args: ['-ac', '6'] })
    assert.equal(made.timeline.channels, 6)
    const stereo = { channels: 2, samples: OUT_HZ } as const
    const early = await encoded(media, made, { ...stereo, startSample: -1000 })
    const start = await encoded(media, made, stereo)
    assert.equal(difference(early.subarray(0, 4000), Buffer.alloc(4000)), 0)
    assert.ok(early.subarray(4000).equals(start.subarray(0, (OUT_HZ - 1000) * 4)))
  })

  test('what the limiter does, two encoders do alike', async () => {
    const made = await make(media, { name: 'limited.wav', args: ['-c:a', 'pcm_s16le'] })
    const at = (startSample: number, samples: number) => encoded(media, made, { startSample, samples, gainDb: 3 })
    const whole = await at(0, 5 * OUT_HZ)
    const part = await at(3 * OUT_HZ, OUT_HZ)
    assert.ok(difference(part, whole.subarray(3 * OUT_HZ * 4, 4 * OUT_HZ * 4)) <= 1)
  })

  test('every codec starts anywhere and gives as much as was asked for', async () => {
    const made = await make(media, { name: 'codecs.mp3', args: ['-b:a', '192k'] })
    const startSample = Math.round(3 * GRID_SEC * OUT_HZ)
    for (const [codec, packetSamples, name] of [
      ['mp3', 1152, 'mp3'],
      ['opus', 960, 'mp4'],
      ['aac', 1024, 'mp4'],
      ['flac', 4608, 'mp4'],
    ] as const) {
      const bytes = await encoded(media, made, { codec, packetSamples, startSample, samples: 96_000, bitrateKbps: 128 })
      const path = join(folder.path, `made-${codec}.${name}`)
      await writeFile(path, bytes)
      const heard = decoded(path, '-af', `aresample=${OUT_HZ}`).length / 4
      assert.ok(heard >= 96_000 - 1024 && heard <= 96_000 + 3 * 1152, `${codec}: ${heard}`)
    }
    assert.equal((await encoded(media, made, { codec: 'mp3', samples: 10 * 1152 })).length % 384, 0)
  })

  test('a source in which nothing can be decoded is a fault, not silence', async () => {
    const made = await make(media, { name: 'broken.flac', args: [] })
    const whole = await readFile(made.path)
    whole.fill(0x55, 9000)
    await writeFile(made.path, whole)
    for (const startSample of [0, 4 * OUT_HZ]) {
      const job = await media.encode(made.path, { ...PCM, ...made, startSample, samples: OUT_HZ })
      await assert.rejects(buffer(job.stream), { code: 'media_unreadable' })
      await assert.rejects(job.exit, { code: 'media_unreadable' })
    }
    assert.equal(media.runs(), 0)
  })

  test('a reader who leaves ends the process', async () => {
    const made = await make(media, { name: 'leave.mp3', args: [] })
    const o = {
      codec: 'wav',
      sampleRateHz: OUT_HZ,
      channels: 2,
      bits: 16,
      packetSamples: 1152,
      startSample: 0,
    } as const
    const job = await media.encode(made.path, { ...o, samples: 3600 * OUT_HZ, ...made })
    await new Promise((resolve) => job.stream.once('readable', resolve))
    job.stream.destroy()
    await assert.rejects(job.exit)
    assert.equal(media.runs(), 0)
  })
})

describe('WebAssembly', { skip: skipWithoutFfmpeg() }, () => {
  let media: Media
  before(async () => {
    media = await createMedia({ driver: 'wasm' })
  })
  after(() => media.close())

  for (const name of ['vbr.mp3', '24-96.flac', 'adts.aac'])
    test(`${name}: from any grid line what is there`, async () => {
      const source = SOURCES.find((one) => one.name === name) as Source
      const made = await make(media, { ...source, name: `wasm-${name}` })
      // Another processor adds up floats in another order.
      await assertExact(media, made, [0, 4], 1)
    })

  test('every codec it names starts anywhere', async () => {
    const made = await make(media, { name: 'wasm-codecs.mp3', args: [] })
    for (const codec of media.describe().encoders) {
      const bytes = await encoded(media, made, {
        codec,
        startSample: 46_080,
        samples: 46_080,
        bitrateKbps: 128,
        gainDb: 2,
      })
      assert.ok(bytes.length > 10_000, codec)
    }
  })

  test('the process that waits for the next job is used, and closing ends it', async () => {
    const made = await make(media, { name: 'wasm-next.mp3', args: [] })
    const first = await encoded(media, made, { samples: 960 })
    const second = await encoded(media, made, { samples: 960 })
    assert.ok(first.equals(second))
  })
})
