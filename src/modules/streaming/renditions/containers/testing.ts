/** For tests: music of which every place is known, the pieces that are made of it, and what players hear in them. */
import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Media, Timeline } from '#kernel/media/index.ts'
import type { Profile } from '../../profiles.ts'
import { encodePieces, type Stretch } from '../encoder.ts'
import { type Layout, layoutOf } from '../layout.ts'
import { containerOf } from './index.ts'

const run = promisify(execFile)
const DECODED_BYTES_MAX = 256 << 20

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

const tunes = new Map<string, Tune>()
/** A tone that rises, two steady ones, noise, and clicks; `clickPeak` 0 gives the same without. Made once. */
export function makeTune(shape: Shape, seconds: number, clickPeak = 0.5): Tune {
  const key = JSON.stringify([shape, seconds, clickPeak])
  const tune = tunes.get(key) ?? computeTune(shape, seconds, clickPeak)
  tunes.set(key, tune)
  return tune
}

function computeTune(shape: Shape, seconds: number, clickPeak: number): Tune {
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

/** A file of music, as it is known before something is made of it. */
export type Source = { readonly file: string; readonly timeline: Timeline; readonly container: string }

/** Writes a tune as a file of the name's format. */
export async function writeTune(media: Media, path: string, tune: Tune, args: readonly string[] = []): Promise<Source> {
  const { sampleRateHz, channels, bits } = tune.shape
  await writeFile(`${path}.raw`, tune.pcm)
  const input = ['-f', `s${bits}le`, '-ar', String(sampleRateHz), '-ac', String(channels), '-i', `${path}.raw`]
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...input, ...args, path])
  const probe = await media.probe(path)
  if (!probe.ok) throw new Error(probe.reason)
  return { file: path, timeline: await media.timeline(path), container: probe.container }
}

export const layoutFor = (profile: Profile, { timeline }: Source): Layout =>
  layoutOf(profile, { ...timeline, bits: timeline.bits })

/** The pieces of one run of an encoder. */
export async function piecesOf(media: Media, source: Source, layout: Layout, stretch: Stretch): Promise<Buffer[]> {
  const id = { contentId: 'a', profile: layout.profile.name }
  const wanted = { ...source, id, layout, listener: 'somebody', isThere: async () => true }
  const pieces: Buffer[] = []
  let parts: Buffer[] = []
  for await (const { bytes, isLast } of encodePieces(media, wanted, stretch, new AbortController().signal)) {
    parts.push(bytes)
    if (!isLast) continue
    pieces.push(Buffer.concat(parts))
    parts = []
  }
  return pieces
}

/** The file that one encoder makes. */
export async function whole(media: Media, source: Source, layout: Layout): Promise<Buffer> {
  const pieces = await piecesOf(media, source, layout, { from: 0, until: layout.pieces })
  return Buffer.concat([containerOf(layout.profile, 'a').header(layout), ...pieces])
}

/** The file of which every piece is made by an encoder of its own. */
export async function joined(media: Media, source: Source, layout: Layout): Promise<Buffer> {
  const runs = Array.from({ length: layout.pieces }, (_, from) =>
    piecesOf(media, source, layout, { from, until: from + 1 }),
  )
  return Buffer.concat([containerOf(layout.profile, 'a').header(layout), ...(await Promise.all(runs)).flat()])
}

/** What FFmpeg makes of a file that can be sought in: in a pipe it does not mind the end that an Info frame tells. */
export async function decoded(path: string, outputArgs: readonly string[]): Promise<Buffer> {
  const args = ['-v', 'error', '-nostdin', '-xerror', '-i', path, '-map', '0:a:0', ...outputArgs, 'pipe:1']
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: DECODED_BYTES_MAX })
  return stdout
}

/** Any file at a rate, from its first sample of music: interleaved, full scale is 1. */
export async function listenTo(path: string, rateHz: number): Promise<Float32Array> {
  const raw = await decoded(path, ['-af', `aresample=${rateHz}`, '-c:a', 'pcm_f32le', '-f', 'f32le'])
  return new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length))
}

/** What `listenTo` gives for files that do not change: heard once at each rate. */
export function rememberingEar(): typeof listenTo {
  const heardOnce = new Map<string, Promise<Float32Array>>()
  return (path, rateHz) => {
    const key = `${rateHz} ${path}`
    const sound = heardOnce.get(key) ?? listenTo(path, rateHz)
    heardOnce.set(key, sound)
    return sound
  }
}

/** What a player hears in a rendition. */
export async function heard(path: string, rendition: Buffer, layout: Layout): Promise<Float32Array> {
  await writeFile(path, rendition)
  const all = await listenTo(path, layout.sampleRateHz)
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

export const nameOf = (folder: string, ...parts: (string | number)[]): string => join(folder, parts.join('-'))
