/**
 * The corpus: band pieces through our own synthesiser, and (where FluidSynth and a General MIDI soundfont are
 * installed) band pieces and real songs through sampled instruments. Rendered one at a time, mono, 44.1 kHz.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose } from './compose.ts'
import { treat } from './effects.ts'
import { readLieder } from './lieder.ts'
import { midiOf } from './midi.ts'
import { between, hashOf, randomFrom, type Score, splitOf } from './score.ts'
import { STYLES } from './styles.ts'
import { SAMPLE_RATE, synthesise } from './synth.ts'

export type Item = { score: Score; group: string; render(): Float32Array; split: 'dev' | 'held-out' }

const LIEDER = join(import.meta.dirname, '../../../shared/data/lieder')
const SOUNDFONTS = ['/usr/share/sounds/sf2/FluidR3_GM.sf2', '/usr/share/sounds/sf2/TimGM6mb.sf2']
const RENDER_TIMEOUT_MS = 60_000
const RENDER_BYTES_MAX = 1 << 28

const fonts = () => SOUNDFONTS.filter((path) => existsSync(path))
const hasFluid = () => spawnSync('fluidsynth', ['--version']).status === 0 && fonts().length > 0

/** Every second piece is tuned off 440 Hz, by up to 40 cents. */
const tuningOf = (name: string) => {
  const random = randomFrom(hashOf(`tuning ${name}`))
  return random() < 0.5 ? 0 : between(random, -40, 40)
}

/** Interleaved 16-bit stereo to mono float. */
const monoOf = (raw: Buffer) => {
  const samples = new Int16Array(raw.buffer, raw.byteOffset, raw.byteLength >> 1)
  return Float32Array.from({ length: samples.length >> 1 }, (_, i) => (samples[2 * i]! + samples[2 * i + 1]!) / 65_536)
}

const fluid = (score: Score): Float32Array => {
  const available = fonts()
  const font = available[hashOf(`font ${score.id}`) % available.length]!
  const folder = mkdtempSync(join(tmpdir(), 'tutti-bench-'))
  try {
    const midi = join(folder, 'piece.mid')
    writeFileSync(midi, midiOf(score, tuningOf(score.id)))
    const options = [
      '-ni',
      '-q',
      '-g',
      '0.5',
      '-r',
      String(SAMPLE_RATE),
      '-O',
      's16',
      '-T',
      'raw',
      '-F',
      '-',
      font,
      midi,
    ]
    const run = spawnSync('fluidsynth', options, { timeout: RENDER_TIMEOUT_MS, maxBuffer: RENDER_BYTES_MAX })
    if (run.status !== 0) throw new Error(`fluidsynth failed on ${score.id}: ${run.stderr.toString().slice(0, 200)}`)
    return monoOf(Buffer.from(run.stdout)).slice(0, Math.ceil(score.durationSec * SAMPLE_RATE))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const item = (score: Score, group: string, sound: (score: Score) => Float32Array): Item => ({
  score,
  group,
  split: splitOf(score.id),
  render() {
    const audio = sound(score)
    treat(audio, `${group} ${score.id}`, SAMPLE_RATE)
    return audio
  },
})

/** @param perStyle band pieces of every style; `songs`: how many lieder. */
export const corpus = (perStyle: number, songs: number): Item[] => {
  const sampled = hasFluid()
  const names = Object.keys(STYLES)
  const numbers = Array.from({ length: perStyle }, (_, i) => i)
  const own = names.flatMap((name) =>
    numbers
      .filter((i) => !sampled || i % 4 === 0)
      .map((i) => item(compose(name, i), name, (score) => synthesise(score, tuningOf(score.id)))),
  )
  if (!sampled) return own
  const bands = names.flatMap((name) => numbers.map((i) => item(compose(name, 1000 + i), name, fluid)))
  const lieder = existsSync(LIEDER) ? readLieder(LIEDER, songs).map((score) => item(score, 'lieder', fluid)) : []
  return [...own, ...bands, ...lieder]
}
