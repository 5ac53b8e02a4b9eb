/**
 * Music to learn keys and chords from: pieces of the training styles and songs of the analysis bench, with more
 * progressions than those know, played by the training soundfonts at the low rate that harmony is heard at.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decimatedChromaMeter } from '#engines/audio/chroma.ts'
import { type FftKit, loadFft } from '#engines/audio/fft.ts'
import { ROW_BYTES } from '#engines/audio/harmony/rows.ts'
import { cacheFolder } from '../bench/analysis/corpus.ts'
import { compose } from '../bench/analysis/corpus/compose.ts'
import { filter } from '../bench/analysis/corpus/filters.ts'
import { type Font, FONTS, isThere } from '../bench/analysis/corpus/fonts.ts'
import { PROGRESSIONS } from '../bench/analysis/corpus/harmony.ts'
import { liederNames, readLied } from '../bench/analysis/corpus/lieder.ts'
import { midiOf } from '../bench/analysis/corpus/midi.ts'
import {
  between,
  hashOf,
  type Note,
  pick,
  type Random,
  randomFrom,
  type Score,
  type Truth,
} from '../bench/analysis/corpus/score.ts'
import { HELD_OUT_STYLES, STYLES } from '../bench/analysis/corpus/styles/index.ts'

export type Lesson = { id: string; style: string; truth: Truth; durationSec: number; rows: Uint8Array }

const RATE = 11_025
const PIECE_SEC = 36
const DATA_VERSION = 1
const BLOCK = 4096
export const LIEDER = join(import.meta.dirname, '../../shared/data/lieder')

const MAJOR =
  'I I I ii iii IV IV V V vi vi ii7 iii7 IVmaj7 Imaj7 V7 V7 vi7 I7 IV7 II7 III7 VI7 iv bVII bVI bIII viio iih7 #Io7 I+ V+ Isus4 Vsus4 V Imaj7 I6'
const MINOR =
  'i i i iv iv v V V V7 bIII bIII bVI bVI bVII bVII i7 iv7 iih7 iio bIIImaj7 bVImaj7 bVII7 IV bII viio7 i7 bIII+ Vsus4 v7'

const progression = (random: Random, mode: 'major' | 'minor') => {
  const words = (mode === 'major' ? MAJOR : MINOR).split(' ')
  const chords = Array.from({ length: pick(random, [4, 4, 8]) }, () => pick(random, words))
  if (random() < 0.6) chords[0] = words[0]!
  return chords.join(' ')
}

/** A piece with progressions of its own half of the time; the tables of the bench are put back. */
const wanderer = (styleName: string, number: number): Score => {
  const style = STYLES[styleName]!
  const random = randomFrom(hashOf(`harmony ${styleName} ${number}`))
  const [known, chords] = [PROGRESSIONS[style.progressions]!, style.chords]
  if (random() < 0.5) {
    const own = (mode: 'major' | 'minor') => Array.from({ length: 4 }, () => progression(random, mode))
    PROGRESSIONS[style.progressions] = { major: own('major'), minor: own('minor') }
    if (random() < 0.6) style.chords = 'as written'
  }
  try {
    return compose(styleName, number, PIECE_SEC)
  } finally {
    PROGRESSIONS[style.progressions] = known
    style.chords = chords
  }
}

const SINGERS = [52, 53, 54, 65, 71, 73]

const playable = (font: Font, notes: readonly Note[], random: Random): Note[] => {
  const singer = pick(random, SINGERS)
  return notes.map((note) => {
    const program = note.program === 'voice' ? singer : note.program
    if (!font.programs || typeof program !== 'number') return { ...note, program }
    const nearest = font.programs.reduce((a, b) => (Math.abs(b - program) < Math.abs(a - program) ? b : a))
    return { ...note, program: nearest, velocity: Math.min(note.velocity, font.velocityMax?.[nearest] ?? 127) }
  })
}

const play = (font: Font, notes: readonly Note[], cents: number, random: Random): Float32Array => {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-harmony-'))
  try {
    const midi = join(folder, 'piece.mid')
    writeFileSync(midi, midiOf(playable(font, notes, random), cents, 0))
    const lazy = font.path.endsWith('.sf2') ? 1 : 0
    const settings = ['synth.reverb.active=0', 'synth.chorus.active=0', `synth.dynamic-sample-loading=${lazy}`]
    const options = ['-ni', '-q', '-g', '0.5', '-r', String(RATE), '-O', 's16', '-T', 'raw', '-F', '-']
    const run = spawnSync('fluidsynth', [...settings.flatMap((each) => ['-o', each]), ...options, font.path, midi], {
      maxBuffer: 1 << 28,
    })
    if (run.status !== 0) throw new Error(`fluidsynth failed with ${font.name}`)
    const bytes = run.stdout
    const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
    return Float32Array.from(
      { length: samples.length >> 1 },
      (_, i) => (samples[2 * i]! + samples[2 * i + 1]!) / 65_536,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Room, desk, noise: what must not matter. In place. */
const spoil = (x: Float32Array, random: Random) => {
  const sometimes = (share: number, act: () => void) => random() < share && act()
  sometimes(0.6, () => filter(x, 'low shelf', between(random, 80, 250), RATE, between(random, -12, 10)))
  sometimes(0.6, () => filter(x, 'peak', between(random, 200, 1500), RATE, between(random, -8, 8), 1))
  sometimes(0.4, () => filter(x, 'high shelf', between(random, 800, 3000), RATE, between(random, -15, 8)))
  sometimes(0.4, () => {
    const [wet, delays] = [between(random, 0.1, 0.5), [389, 404, 372, 355]]
    const tail = delays.map((delay) => new Float32Array(delay))
    const feedback = between(random, 0.5, 0.85)
    for (let i = 0; i < x.length; i++) {
      let echo = 0
      for (const line of tail) {
        const at = i % line.length
        echo += line[at]! / 4
        line[at] = x[i]! + feedback * line[at]!
      }
      x[i]! += wet * echo
    }
  })
  const peak = x.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-9)
  const drive = random() < 0.3 ? between(random, 1.5, 6) : 1
  const hiss = random() < 0.3 ? 10 ** (between(random, -60, -30) / 20) : 0
  const level = 10 ** (between(random, -20, -0.3) / 20)
  for (let i = 0; i < x.length; i++) {
    const value = x[i]! / peak + hiss * (random() * 2 - 1)
    x[i] = level * (drive > 1 ? Math.tanh(drive * value) : value)
  }
}

const listen = (fft: FftKit, x: Float32Array) => {
  const meter = decimatedChromaMeter(fft, RATE, x.length / RATE)
  for (let at = 0; at < x.length; at += BLOCK) meter.push(x.subarray(at, at + BLOCK))
  return meter.finish().rows.slice()
}

const lessonOf = (fft: FftKit, score: Score): Lesson => {
  const folder = join(cacheFolder(), 'harmony')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${hashOf(JSON.stringify([DATA_VERSION, ROW_BYTES, score]))}.rows`)
  const { id, style, truth, durationSec } = score
  if (!existsSync(path)) {
    const random = randomFrom(hashOf(`sound ${id}`))
    const fonts = FONTS.filter((font) => font.splits.includes('train') && isThere(font))
    const cents = random() < 0.6 ? between(random, -48, 48) : 0
    const audio = play(pick(random, fonts), score.notes, cents, random)
    spoil(audio, random)
    writeFileSync(path, listen(fft, audio))
  }
  return { id, style, truth, durationSec, rows: new Uint8Array(readFileSync(path)) }
}

export type Amount = { perStyle: number; firstNumber: number; lieder: number }

const trainingLied = (name: string) => hashOf(`split ${name}`) % 4 < 2

/** Made one by one, kept in the cache of the bench. */
export async function* lessons({ perStyle, firstNumber, lieder }: Amount): AsyncGenerator<Lesson> {
  const fft = await loadFft()
  for (let i = 0; i < perStyle; i++)
    for (const style of Object.keys(STYLES))
      if (!HELD_OUT_STYLES.has(style)) yield lessonOf(fft, wanderer(style, firstNumber + i))
  const names = liederNames(LIEDER).filter(trainingLied)
  for (let n = 0, left = lieder; n < names.length && left > 0; n++) {
    const score = readLied(LIEDER, names[n]!, PIECE_SEC)
    if (!score?.truth.key) continue
    left--
    yield lessonOf(fft, score)
  }
}
