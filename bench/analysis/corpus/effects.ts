/** What happens to music before it reaches a listener: room, desk, tape, radio, files. In place, seeded by the name. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filter } from './filters.ts'
import { between, hashOf, pick, type Random, randomFrom } from './score.ts'

const COMBS = [1557, 1617, 1491, 1422]
const ALL_PASSES = [225, 556]

/** Schroeder's reverberator. */
const reverb = (x: Float32Array, wet: number, feedback: number) => {
  const tail = new Float32Array(x.length)
  for (const delay of COMBS) {
    const line = new Float32Array(delay)
    for (let i = 0, at = 0; i < x.length; i++) {
      const echo = line[at]!
      line[at] = x[i]! + feedback * echo
      tail[i]! += echo / COMBS.length
      at = at + 1 === delay ? 0 : at + 1
    }
  }
  for (const delay of ALL_PASSES) {
    const line = new Float32Array(delay)
    for (let i = 0, at = 0; i < x.length; i++) {
      const echo = line[at]!
      const input = tail[i]! + 0.5 * echo
      line[at] = input
      tail[i] = echo - 0.5 * input
      at = at + 1 === delay ? 0 : at + 1
    }
  }
  for (let i = 0; i < x.length; i++) x[i]! += wet * tail[i]!
}

const peakOf = (x: Float32Array) => {
  let top = 1e-9
  for (const value of x) top = Math.max(top, Math.abs(value))
  return top
}

const scale = (x: Float32Array, gain: number) => {
  for (let i = 0; i < x.length; i++) x[i]! *= gain
}

/** Feed-forward, peak-sensing; `x` has peak 1. */
const compress = (x: Float32Array, thresholdDb: number, ratio: number, releaseSec: number, sampleRate: number) => {
  const attack = Math.exp(-1 / (0.004 * sampleRate))
  const release = Math.exp(-1 / (releaseSec * sampleRate))
  const threshold = 10 ** (thresholdDb / 20)
  for (let i = 0, envelope = 0; i < x.length; i++) {
    const level = Math.abs(x[i]!)
    envelope = level + (level > envelope ? attack : release) * (envelope - level)
    if (envelope > threshold) x[i]! *= (envelope / threshold) ** (1 / ratio - 1)
  }
}

const saturate = (x: Float32Array, drive: number) => {
  for (let i = 0; i < x.length; i++) x[i] = Math.tanh(drive * x[i]!)
}

const equalise = (x: Float32Array, random: Random, sampleRate: number) => {
  filter(x, 'low shelf', between(random, 80, 250), sampleRate, between(random, -9, 9))
  filter(x, 'peak', between(random, 300, 3000), sampleRate, between(random, -7, 7), between(random, 0.5, 2))
  filter(x, 'high shelf', between(random, 3000, 9000), sampleRate, between(random, -12, 8))
}

const hiss = (x: Float32Array, random: Random, levelDb: number, pink: boolean) => {
  const gain = 10 ** (levelDb / 20)
  for (let i = 0, low = 0; i < x.length; i++) {
    const white = random() * 2 - 1
    low += 0.05 * (white - low)
    x[i]! += gain * (pink ? 3 * low : white)
  }
}

/** Ticks, rumble and hiss of a record. */
const vinyl = (x: Float32Array, random: Random, sampleRate: number) => {
  const ticks = Math.round((x.length / sampleRate) * between(random, 1, 12))
  for (let n = 0; n < ticks; n++) {
    const at = Math.floor(random() * x.length)
    const gain = between(random, 0.02, 0.25) * (random() < 0.5 ? -1 : 1)
    for (let i = 0; i < 60 && at + i < x.length; i++) x[at + i]! += gain * Math.exp(-i / between(random, 3, 12))
  }
  const turns = (2 * Math.PI * 0.55) / sampleRate
  for (let i = 0; i < x.length; i++) x[i]! += 0.006 * Math.sin(40 * turns * i) * (1 + Math.sin(turns * i))
  hiss(x, random, between(random, -58, -44), true)
}

const telephone = (x: Float32Array, random: Random, sampleRate: number) => {
  filter(x, 'high pass', between(random, 150, 350), sampleRate)
  for (let pass = 0; pass < 2; pass++) filter(x, 'low pass', between(random, 3000, 5500), sampleRate)
}

/** Encoder arguments, and the file type that keeps the place of the first sample. */
export const CODECS: [name: string, kind: string, flags: string[]][] = [
  ['mp3 64', 'mp3', ['-c:a', 'libmp3lame', '-b:a', '64k']],
  ['mp3 96', 'mp3', ['-c:a', 'libmp3lame', '-b:a', '96k']],
  ['mp3 128', 'mp3', ['-c:a', 'libmp3lame', '-b:a', '128k']],
  ['opus 48', 'ogg', ['-c:a', 'libopus', '-b:a', '48k']],
  ['16 kHz', 'wav', ['-ar', '16000']],
  ['22 kHz', 'wav', ['-ar', '22050']],
]
const CODEC_TIMEOUT_MS = 60_000
const CODEC_BYTES_MAX = 1 << 28

let coder: boolean | undefined
export const hasCoder = () => (coder ??= spawnSync('ffmpeg', ['-version']).status === 0)

/** Through a file of another kind and back; unchanged where FFmpeg is not installed. */
export const recode = (x: Float32Array, kind: string, flags: string[], sampleRate: number): Float32Array => {
  if (!hasCoder()) return x
  const folder = mkdtempSync(join(tmpdir(), 'tutti-bench-'))
  const raw = ['-f', 'f32le', '-ar', String(sampleRate), '-ac', '1']
  const quiet = ['-v', 'error', '-nostdin', '-threads', '1']
  const limits = { timeout: CODEC_TIMEOUT_MS, maxBuffer: CODEC_BYTES_MAX }
  try {
    const [input, file] = [join(folder, 'in.raw'), join(folder, `coded.${kind}`)]
    writeFileSync(input, new Uint8Array(x.buffer, x.byteOffset, x.byteLength))
    const to = spawnSync('ffmpeg', [...quiet, ...raw, '-i', input, ...flags, file], limits)
    const back = spawnSync('ffmpeg', [...quiet, '-i', file, ...raw, '-'], limits)
    if (to.status !== 0 || back.status !== 0)
      throw new Error(`ffmpeg failed: ${String(to.stderr)}${String(back.stderr)}`)
    const { buffer, byteOffset, byteLength } = back.stdout
    const coded = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
    const out = new Float32Array(x.length)
    out.set(coded.subarray(0, x.length))
    return out
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export type Treated = { audio: Float32Array; effects: string[] }

/** A chain by the name. About a tenth of the pieces stay as they are. */
export const treat = (x: Float32Array, name: string, sampleRate: number): Treated => {
  const random = randomFrom(hashOf(`effects ${name}`))
  const effects: string[] = []
  const sometimes = (effect: string, share: number, act: () => void) => {
    if (random() >= share) return
    act()
    effects.push(effect)
  }
  const levelDb = between(random, -20, -0.3)
  let audio = x
  if (random() > 0.1) {
    sometimes('equaliser', 0.5, () => equalise(x, random, sampleRate))
    sometimes('reverb', 0.45, () => reverb(x, between(random, 0.1, 0.8), between(random, 0.6, 0.88)))
    scale(x, 1 / peakOf(x))
    sometimes('compressor', 0.45, () =>
      compress(x, between(random, -30, -10), between(random, 2, 10), between(random, 0.05, 0.4), sampleRate),
    )
    scale(x, 1 / peakOf(x))
    sometimes('saturation', 0.3, () => saturate(x, between(random, 1.5, 8)))
    sometimes('telephone', 0.05, () => telephone(x, random, sampleRate))
    sometimes('dull', 0.15, () => filter(x, 'low pass', between(random, 2500, 9000), sampleRate))
    sometimes('vinyl', 0.1, () => vinyl(x, random, sampleRate))
    sometimes('hiss', 0.2, () => hiss(x, random, between(random, -60, -34), random() < 0.5))
    sometimes('coded', 0.4, () => {
      const [codec, kind, flags] = pick(random, CODECS)
      effects.push(codec)
      audio = recode(x, kind, flags, sampleRate)
    })
  }
  scale(audio, 10 ** (levelDb / 20) / peakOf(audio))
  return { audio, effects }
}
