/** For tests: music of which every place is known, encoded in runs, and what players make of it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Profile } from '../../profiles.ts'
import { type Layout, layoutOf, packetsIn, samplesToFeed } from '../layout.ts'
import { splitterOf } from '../packets/index.ts'
import type { Container } from '../types.ts'

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
/** Options of a test that needs FFmpeg: skipped without it, unless everything must be there. */
export const needsFfmpeg = {
  skip: !hasFfmpeg && process.env['TUTTI_TEST_FULL'] !== '1' ? 'ffmpeg is not installed' : false,
}

export type Shape = { readonly sampleRateHz: number; readonly channels: 1 | 2; readonly bits: 16 | 24 }
/** Interleaved samples, whole numbers of the shape's bits. */
export type Tune = { readonly shape: Shape; readonly samples: number; readonly pcm: Buffer; readonly clicks: number[] }

/** Not the grid, nor a divisor of it. */
const CLICK_EVERY_SEC = 0.317
const CLICK_SAMPLES = 3
/** A generator of which every run is the same. */
function createNoise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  }
}

/** A tone that rises, two steady ones, noise, and clicks; `clickPeak` 0 gives the same without. */
export function makeTune(shape: Shape, seconds: number, clickPeak = 0.5): Tune {
  const samples = Math.round(seconds * shape.sampleRateHz)
  const bytes = shape.bits / 8
  const pcm = Buffer.alloc(samples * shape.channels * bytes)
  const noise = createNoise(7)
  const clickEvery = Math.round(CLICK_EVERY_SEC * shape.sampleRateHz)
  const full = 2 ** (shape.bits - 1) - 1
  for (let i = 0; i < samples; i++) {
    const sec = i / shape.sampleRateHz
    const sweep = Math.sin(2 * Math.PI * (60 * sec + (4000 * sec * sec) / seconds))
    const click = i % clickEvery < CLICK_SAMPLES && i >= clickEvery ? clickPeak : 0
    for (let channel = 0; channel < shape.channels; channel++) {
      const tone = Math.sin(2 * Math.PI * (330 + 110 * channel) * sec)
      const value = 0.2 * sweep + 0.15 * tone + 0.03 * noise() + click
      pcm.writeIntLE(Math.round(value * full), (i * shape.channels + channel) * bytes, bytes)
    }
  }
  const clicks = Array.from({ length: Math.floor((samples - 1) / clickEvery) }, (_, i) => (i + 1) * clickEvery)
  return { shape, samples, pcm, clicks }
}

export const layoutFor = (profile: Profile, { shape, samples }: Tune): Layout =>
  layoutOf(profile, { ...shape, samples })

const FRAGMENTS = [
  '-f',
  'mp4',
  '-movflags',
  '+empty_moov+default_base_moof',
  '-frag_duration',
  '200000',
  '-strict',
  '-2',
]
function encoderArgs({ profile, bits, packetSamples }: Layout): string[] {
  const rate = ['-b:a', `${profile.kbps}k`]
  if (profile.codec === 'mp3')
    return ['-c:a', 'libmp3lame', ...rate, '-reservoir', '0', '-write_xing', '0', '-id3v2_version', '0', '-f', 'mp3']
  if (profile.codec === 'opus') return ['-c:a', 'libopus', '-vbr', 'off', ...rate, ...FRAGMENTS]
  if (profile.codec === 'aac') return ['-c:a', 'aac', ...rate, ...FRAGMENTS]
  if (profile.codec === 'wav') return ['-f', `s${bits}le`]
  const depth = bits === 24 ? ['-sample_fmt', 's32', '-bits_per_raw_sample', '24'] : ['-sample_fmt', 's16']
  return ['-c:a', 'flac', ...depth, '-frame_size', String(packetSamples), ...FRAGMENTS]
}

/** FFmpeg between two buffers. */
export async function filter(args: readonly string[], input: Buffer): Promise<Buffer> {
  const child = spawn('ffmpeg', ['-v', 'error', '-nostdin', ...args, 'pipe:1'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = once(child, 'exit') as Promise<[number | null]>
  // Whoever reads no more has ended; its exit code tells why.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [made, said] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()])
  const [code] = await exited
  if (code !== 0) throw new Error(`ffmpeg: ${Buffer.concat(said as Buffer[]).toString()}`)
  return Buffer.concat(made as Buffer[])
}

const rawArgs = ({ sampleRateHz, channels, bits }: Shape): string[] => [
  '-f',
  `s${bits}le`,
  '-ar',
  String(sampleRateHz),
  '-ac',
  String(channels),
  '-i',
  'pipe:0',
]

/** The packets of an encoder that begins at `firstPacket` and goes on to the end. */
export async function encodeFrom(layout: Layout, tune: Tune, firstPacket: number): Promise<Buffer[]> {
  const frameBytes = tune.shape.channels * (tune.shape.bits / 8)
  const start = firstPacket * layout.packetSamples * frameBytes
  const fed = Buffer.alloc(samplesToFeed(layout, firstPacket) * frameBytes)
  tune.pcm.copy(fed, 0, start)
  const made = await filter([...rawArgs(tune.shape), ...encoderArgs(layout)], fed)
  return splitterOf(layout, firstPacket)(made)
}

/** The whole file, each piece of packets of an own encoder when there are several. */
export function packAll(container: Container, layout: Layout, packetOf: (packet: number) => Buffer): Buffer {
  const pieces = Array.from({ length: layout.pieces }, (_, piece) => {
    const first = piece * layout.packetsPerPiece
    const own = Array.from({ length: packetsIn(layout, piece) }, (_, i) => packetOf(first + i))
    return container.pack(layout, piece, own)
  })
  return Buffer.concat([container.header(layout), ...pieces])
}

/** Of a file that can be sought in: in a pipe FFmpeg does not mind the end that an Info frame tells. */
export async function decoded(file: Buffer, outputArgs: readonly string[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-joins-'))
  try {
    const path = join(folder, 'music')
    await writeFile(path, file)
    return await filter(['-xerror', '-i', path, ...outputArgs], Buffer.alloc(0))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a player hears, from the first sample of music: interleaved, full scale is 1. */
export async function heard(file: Buffer, layout: Layout): Promise<Float32Array> {
  const raw = await decoded(file, ['-c:a', 'pcm_f32le', '-f', 'f32le'])
  const all = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length))
  // Of fragments FFmpeg 5 leaves the edit list and the last duration aside; browsers do not (see their test).
  if (layout.profile.codec !== 'aac') return all
  const from = layout.delaySamples * layout.channels
  return all.subarray(from, from + layout.samples * layout.channels)
}

/** The same of the tune itself. */
export function played({ shape, pcm }: Tune): Float32Array {
  const bytes = shape.bits / 8
  const full = 2 ** (shape.bits - 1)
  return Float32Array.from({ length: pcm.length / bytes }, (_, i) => pcm.readIntLE(i * bytes, bytes) / full)
}
