/** A tune whose every moment is its own, and ears that say which moment sounded when. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { chromiumPath } from './product.ts'

export const RATE_HZ = 44_100
/** The cut lies within a packet of every codec, and so late in MP3's that a decoder closed there would keep music. */
export const CUT_AT = Math.round(2.5 * RATE_HZ) + 723
const SAMPLES = 5 * RATE_HZ

const hasFfmpeg = (() => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
const lacks = !chromiumPath() ? 'Chromium' : !hasFfmpeg ? 'ffmpeg' : undefined
/** Why the player's sound cannot be measured here, or false. */
export const skipSound =
  lacks && process.env['TUTTI_TEST_FULL'] !== '1' ? `this machine has no ${lacks}` : (false as const)

/** A rising tone, a steady one and soft noise. The same each time. */
export const TUNE: Float32Array = (() => {
  const tune = new Float32Array(SAMPLES)
  let seed = 1
  let noise = 0
  for (let i = 0; i < SAMPLES; i++) {
    const sec = i / RATE_HZ
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0
    noise += 0.15 * (seed / 2 ** 31 - noise)
    const rising = Math.sin(2 * Math.PI * (200 * sec + 90 * sec * sec))
    tune[i] = 0.25 * rising + 0.2 * Math.sin(2 * Math.PI * 331.7 * sec) + 0.5 * noise
  }
  return tune
})()

/** White noise, another one for each seed. */
export function noise(seed: number, samples: number): Float32Array {
  let state = seed * 7919
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (0.2 * state) / 2 ** 31
  })
}

/** Sound as a WAV of 16 bits, the same on both sides. */
export function wavOf(sound: Float32Array): Buffer {
  const bytes = sound.length * 4
  const b = Buffer.alloc(44 + bytes)
  b.write('RIFF', 0)
  b.writeUInt32LE(36 + bytes, 4)
  b.write('WAVEfmt ', 8)
  b.writeUInt32LE(16, 16)
  b.writeUInt16LE(1, 20)
  b.writeUInt16LE(2, 22)
  b.writeUInt32LE(RATE_HZ, 24)
  b.writeUInt32LE(RATE_HZ * 4, 28)
  b.writeUInt16LE(4, 32)
  b.writeUInt16LE(16, 34)
  b.write('data', 36)
  b.writeUInt32LE(bytes, 40)
  for (const [i, sample] of sound.entries())
    for (const at of [0, 2]) b.writeInt16LE(Math.round(sample * 32_767), 44 + i * 4 + at)
  return b
}

/** How each kind of file is made; the keys are their endings. */
const ENCODE = {
  wav: ['-c:a', 'pcm_s16le'],
  flac: ['-c:a', 'flac'],
  mp3: ['-c:a', 'libmp3lame', '-q:a', '2'],
  m4a: ['-c:a', 'aac', '-b:a', '192k'],
  opus: ['-c:a', 'libopus', '-b:a', '160k'],
} as const
export type FileKind = keyof typeof ENCODE

/** `loose`: songs without a place on their album. */
export type Album = {
  readonly title: string
  readonly parts: readonly { readonly kind: FileKind; readonly sound: Float32Array }[]
  readonly order: 'numbered' | 'loose'
}
async function writeAlbum(folder: string, { title, parts, order }: Album): Promise<void> {
  await mkdir(join(folder, title))
  for (const [i, { kind, sound }] of parts.entries()) {
    const number = order === 'loose' ? {} : { track: String(i + 1) }
    const tags = { title: `${title} ${i + 1}`, album: title, artist: 'Cut', ...number }
    const meta = Object.entries(tags).flatMap(([key, value]) => ['-metadata', `${key}=${value}`])
    const to = [...ENCODE[kind], ...meta, join(folder, title, `${i + 1}.${kind}`)]
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'wav', '-i', '-', ...to], { input: wavOf(sound) })
  }
}

/** The tune, cut in two. The album is named after the pair. */
const cutInTwo = (pair: readonly [FileKind, FileKind]): Album => ({
  title: pair.join(' then '),
  order: 'numbered',
  parts: pair.map((kind, i) => ({ kind, sound: i === 0 ? TUNE.subarray(0, CUT_AT) : TUNE.subarray(CUT_AT) })),
})

/** A folder with an album for each pair of kinds, and with others. */
export async function cutTunes(pairs: readonly (readonly [FileKind, FileKind])[], others: readonly Album[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-cut-'))
  for (const album of [...pairs.map(cutInTwo), ...others]) await writeAlbum(folder, album)
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

const RECORDER_JS = `registerProcessor('recorder', class extends AudioWorkletProcessor {
  process([input]) {
    this.port.postMessage({ at: currentFrame, left: (input[0] ?? new Float32Array(128)).slice() })
    return true
  }
})`
/** Runs before the app: the player's graph is made at the tune's rate, and what leaves it is written down. */
export const TAP_JS = `{
  const Plain = AudioContext
  globalThis.AudioContext = class extends Plain {
    constructor(o) { super({ ...o, sampleRate: ${RATE_HZ} }) }
  }
  globalThis.heardBlocks = []
  globalThis.tuttiSound = (context, last) => context.audioWorklet.addModule(
    URL.createObjectURL(new Blob([${JSON.stringify(RECORDER_JS)}], { type: 'text/javascript' })),
  ).then(() => {
    const recorder = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 })
    recorder.port.onmessage = ({ data }) => heardBlocks.push(data)
    last.connect(recorder)
  })
}`

export type Listened = { evaluate<T>(expression: string): Promise<T> }
/** Lets every page of the context record what the player plays. The context has to be one without the pages' own policy. */
export const record = (context: BrowserContext) => context.addInitScript({ content: TAP_JS })
export const forget = (page: Listened) => page.evaluate('heardBlocks.length = 0')

/** What was heard since, the left channel, from the first sound on. */
export async function heard(page: Listened): Promise<Float32Array> {
  const base64 = await page.evaluate<string>(`(() => {
    if (heardBlocks.length === 0) return ''
    const first = heardBlocks[0].at
    const all = new Float32Array(heardBlocks.at(-1).at - first + 128)
    for (const { at, left } of heardBlocks) all.set(left, at - first)
    const bytes = new Uint8Array(all.buffer)
    let text = ''
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
    return btoa(text)
  })()`)
  const all = new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer)
  const start = all.findIndex((sample) => Math.abs(sample) > 0.02)
  return start < 0 ? new Float32Array(0) : all.slice(start)
}

/** Where in the tune the `count` samples of `x` from `at` on stand, sought within `range` of `near`. */
export function placeInTune(
  x: Float32Array,
  at: number,
  { count, near, range }: { count: number; near: number; range: number },
): { place: number; likeness: number } {
  let found = { place: near, likeness: -1 }
  let own = 1e-12
  for (let i = 0; i < count; i++) own += (x[at + i] ?? 0) ** 2
  for (let place = Math.max(0, near - range); place <= Math.min(TUNE.length - count, near + range); place++) {
    let both = 0
    let other = 1e-12
    for (let i = 0; i < count; i++) {
      const sample = TUNE[place + i] ?? 0
      both += (x[at + i] ?? 0) * sample
      other += sample * sample
    }
    const likeness = both / Math.sqrt(own * other)
    if (likeness > found.likeness) found = { place, likeness }
  }
  return found
}

/** Of lossy sound, whose edges are rounder or sharper than the tune's; a click is several times as much. */
export const EDGE_STEP_MAX = 0.26
/** What has to be heard for it, seconds. */
export const BORDER_SEC = CUT_AT / RATE_HZ + 0.6
export type Border = { gapMs: number; likeness: number; noiseDb: number; step: number }
const WINDOW = 6000
const beforeCut = (x: Float32Array) => placeInTune(x, RATE_HZ, { count: WINDOW, near: RATE_HZ, range: RATE_HZ / 4 })
/** Where the second half should begin. */
export const cutIn = (x: Float32Array): number => RATE_HZ + CUT_AT - beforeCut(x).place
/** How loud a tenth of a second of the tune is, as a factor. */
export function levelIn(x: Float32Array, at: number, place: number): number {
  let both = 0
  let own = 1e-12
  for (let i = 0; i < RATE_HZ / 10; i++) {
    both += (x[at + i] ?? 0) * (TUNE[place + i] ?? 0)
    own += (TUNE[place + i] ?? 0) ** 2
  }
  return both / own
}
/** Heard on both sides of the cut: silence between them (negative: music is missing), and how far it is from the tune. */
export function borderOf(x: Float32Array): Border {
  const before = beforeCut(x)
  const cut = RATE_HZ + CUT_AT - before.place
  const after = placeInTune(x, cut + 8000, { count: WINDOW, near: CUT_AT + 8000, range: 4000 })
  let error = 1e-12
  let signal = 1e-12
  for (let i = -800; i < 800; i++) {
    const wanted = TUNE[CUT_AT + i] ?? 0
    signal += wanted ** 2
    error += ((x[cut + i] ?? 0) - wanted) ** 2
  }
  return {
    gapMs: ((CUT_AT + 8000 - after.place) / RATE_HZ) * 1000,
    likeness: Math.min(before.likeness, after.likeness),
    noiseDb: 10 * Math.log10(error / signal),
    step: largestStep(x, cut - 3000, cut + 3000),
  }
}

/** The largest step from one sample to the next between two places. */
export function largestStep(x: Float32Array, from = 1, to = x.length): number {
  let largest = 0
  for (let i = Math.max(1, from); i < to; i++) largest = Math.max(largest, Math.abs((x[i] ?? 0) - (x[i - 1] ?? 0)))
  return largest
}
