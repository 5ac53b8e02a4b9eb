/**
 * Music to learn mood and similarity from, and to judge them by: pieces of the analysis bench in several renderings, and
 * synthetic speech where `espeak-ng` is installed. What is heard of each is kept in the cache of the bench.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Heard, rawOf } from '#engines/audio/embedding/index.ts'
import { analyze, type FftKit } from '#engines/audio/index.ts'
import { moodInputs } from '#engines/audio/mood/inputs.ts'
import { modulationOf } from '#engines/audio/mood/modulation.ts'
import type { Mood } from '#engines/audio/mood/index.ts'
import { keptFile } from '../bench/analysis/cache.ts'
import { compose } from '../bench/analysis/corpus/compose.ts'
import { treat } from '../bench/analysis/corpus/effects.ts'
import { type Font, FONTS, isThere, SAMPLE_RATE, type Split } from '../bench/analysis/corpus/fonts.ts'
import { liederNames, readLied } from '../bench/analysis/corpus/lieder.ts'
import { render, type Sound, soundOf } from '../bench/analysis/corpus/render.ts'
import { between, hashOf, pick, randomFrom, type Score } from '../bench/analysis/corpus/score.ts'
import { HELD_OUT_STYLES, STYLES } from '../bench/analysis/corpus/styles/index.ts'

/** What a renderer knows of a piece, each 0..1; undefined where it cannot be told. */
export type Known = { acousticness: number | undefined; instrumentalness: number; speechiness: number }
export type Clip = {
  piece: string
  style: string
  take: number
  known: Known
  /** Beats a minute, notes a second and mode as composed. */
  bpm?: number
  mode?: 'major' | 'minor'
  onsetsPerSec?: number
  /** Mean pitch of the notes, MIDI. */
  register?: number
  drums?: boolean
  heard: Listened
}
/** All that is asked of a sound. */
export type Listened = { raw: number[]; inputs: number[]; mood: Mood; plain: number[] }

/** Raise after a change of what is heard. */
const DATA_VERSION = 2
const CLIP_SEC = 26
const LIEDER = join(import.meta.dirname, '../../shared/data/lieder')
const HELD_OUT_FROM = 200_000

const listen = (fft: FftKit, samples: Float32Array, channels: 1 | 2): Listened => {
  const last: { heard?: Heard } = {}
  const found = analyze(samples, { sampleRate: SAMPLE_RATE, channels, fft, onHeard: (heard) => (last.heard = heard) })
  const raw = rawOf(last.heard!)
  const { energy, danceability, valence, arousal, acousticness, instrumentalness, speechiness } = found
  return {
    raw: [...raw],
    inputs: [...moodInputs(raw, modulationOf(last.heard!))],
    mood: { energy, danceability, valence, arousal, acousticness, instrumentalness, speechiness },
    plain: [...found.mfcc, ...found.chroma],
  }
}

/** From the cache when `name` was heard before. */
export const heardOf = (fft: FftKit, name: string, make: () => [samples: Float32Array, channels: 1 | 2]): Listened => {
  const hash = createHash('sha256').update(`${DATA_VERSION} ${name}`).digest('hex').slice(0, 24)
  const path = keptFile(`${hash}.heard.json`, () => Buffer.from(JSON.stringify(listen(fft, ...make()))))
  return JSON.parse(readFileSync(path, 'utf8')) as Listened
}

/** General MIDI programs of instruments that sound without a loudspeaker. */
const ACOUSTIC: [first: number, last: number][] = [
  [0, 3],
  [6, 6],
  [8, 15],
  [19, 25],
  [32, 32],
  [40, 49],
  [52, 53],
  [56, 61],
  [64, 79],
  [104, 119],
]
/** Synthesised by formula: nothing in it is acoustic. */
const SYNTHETIC = new Set(['OPL3', 'own'])
const ELECTRONIC_KITS = new Set([24, 25, 26, 30])
const VOICES = new Set<Score['notes'][number]['program']>(['voice', 52, 53])
const isAcoustic = (program: number) => ACOUSTIC.some(([first, last]) => program >= first && program <= last)

/** Sounding seconds times velocity; drums only count where they are electronic. */
const knownOf = ({ notes, durationSec }: Score, { font, kit, kitProgram }: Sound): Known => {
  let [acoustic, all, sung] = [0, 0, 0]
  const isSynthetic = SYNTHETIC.has(font?.name ?? 'own')
  for (const { program, velocity, durationSec: length } of notes) {
    const weight = (length * velocity) / 127
    if (program === 'drums') {
      if (ELECTRONIC_KITS.has(kitProgram) && !kit) all += weight
      continue
    }
    all += weight
    if (VOICES.has(program)) sung += weight
    if (program === 'voice' || (isAcoustic(program) && !isSynthetic)) acoustic += weight
  }
  return {
    acousticness: all > 0 ? acoustic / all : undefined,
    instrumentalness: 1 - Math.min(1, (2 * sung) / durationSec),
    speechiness: 0,
  }
}

const factsOf = ({ notes, durationSec, truth }: Score) => {
  const pitched = notes.flatMap(({ pitch, program }) => (program === 'drums' ? [] : [pitch]))
  return {
    ...(truth.bpm ? { bpm: truth.bpm } : {}),
    ...(truth.key ? { mode: truth.key.mode } : {}),
    onsetsPerSec: truth.onsets.filter((at) => at < durationSec).length / durationSec,
    register: pitched.reduce((a, b) => a + b, 0) / Math.max(1, pitched.length),
    drums: notes.some(({ program }) => program === 'drums'),
  }
}

/** Another performance of the same piece: soundfont, kit, room, desk, a little tempo and tuning. */
const takeOf = (fft: FftKit, score: Score, split: Split, take: number, fonts: readonly Font[]): Clip => {
  const named = { ...score, id: `${score.id} take ${take}` }
  const sound = soundOf(named, split)
  const chosen = fonts[(hashOf(score.id) + take) % Math.max(1, fonts.length)]
  if (chosen && (sound.font || split === 'held-out')) sound.font = chosen
  const name = JSON.stringify([named.id, sound.font?.name, sound.kit?.name, CLIP_SEC])
  const heard = heardOf(fft, name, () => [render(named, sound), 1])
  return { piece: score.id, style: score.style, take, known: knownOf(score, sound), ...factsOf(score), heard }
}

const shortened = (score: Score): Score => ({
  ...score,
  durationSec: Math.min(CLIP_SEC, score.durationSec),
  notes: score.notes.filter(({ atSec }) => atSec < CLIP_SEC - 0.5),
})

const songs = (isWanted: (quarter: number) => boolean, count: number): Score[] => {
  const names = liederNames(LIEDER).filter((name) => isWanted(hashOf(`split ${name}`) % 4))
  return names
    .slice(0, count)
    .flatMap((name) => readLied(LIEDER, name) ?? [])
    .map(shortened)
}

const pieces = (styles: readonly string[], first: number, each: number): Score[] =>
  Array.from({ length: each }, (_, n) => styles.map((style) => compose(style, first + n, CLIP_SEC))).flat()

/** Three renderings of each piece, by soundfonts of training. */
export const trainingClips = (fft: FftKit, each = 4): Clip[] => {
  const styles = Object.keys(STYLES).filter((style) => !HELD_OUT_STYLES.has(style))
  const fonts = FONTS.filter((font) => font.splits.includes('train') && isThere(font))
  return [...pieces(styles, 0, each), ...songs((quarter) => quarter < 2, 3 * each)].flatMap((score) =>
    [0, 1, 2].map((take) => takeOf(fft, score, 'train', take, fonts)),
  )
}

/** Two renderings of each piece that training knows nothing of, by two soundfonts that it never heard. */
export const heldOutClips = (fft: FftKit, each = 3): Clip[] => {
  const fonts = FONTS.filter((font) => !font.splits.includes('train') && isThere(font))
  return [...pieces(Object.keys(STYLES), HELD_OUT_FROM, each), ...songs((quarter) => quarter === 3, 3 * each)].flatMap(
    (score) => [0, 1].map((take) => takeOf(fft, score, 'held-out', take, fonts)),
  )
}

const SPEAKERS = {
  train: ['en', 'de', 'fr', 'it', 'ru', 'pl', 'en+f3', 'de+m5', 'es+f2', 'en-us+m3', 'cs', 'el'],
  'held-out': ['pt+f4', 'sv', 'nl+m2', 'hu', 'tr+f1', 'fi', 'en-gb-scotland', 'ro+m7'],
}
const WORDS =
  'north wind sun were disputing which was stronger when a traveller came along wrapped in warm cloak they agreed that the one who first succeeded should be considered than other then blew as hard he could but more did closely fold around him and at last gave up attempt shone out warmly immediately took off so obliged to confess'.split(
    ' ',
  )
const SPEECH_BYTES_MAX = 1 << 28

const speak = (voice: string, n: number): Float32Array => {
  const random = randomFrom(hashOf(`speech ${voice} ${n}`))
  const stop = () => (random() < 0.12 ? '.' : random() < 0.1 ? ',' : '')
  const text = Array.from({ length: 60 }, () => pick(random, WORDS) + stop()).join(' ')
  const flags = ['-s', String(Math.round(between(random, 130, 210))), '-p', String(Math.round(between(random, 25, 75)))]
  const spoken = spawnSync('espeak-ng', ['-v', voice, ...flags, '--stdout', text], { maxBuffer: SPEECH_BYTES_MAX })
  const decode = ['-v', 'error', '-i', '-', '-t', String(CLIP_SEC), '-f', 'f32le', '-ac', '1', '-ar', '44100', '-']
  const { stdout } = spawnSync('ffmpeg', decode, { input: spoken.stdout, maxBuffer: SPEECH_BYTES_MAX })
  const samples = new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength))
  return treat(samples, `speech ${voice} ${n}`, SAMPLE_RATE).audio
}

export const hasSpeaker = () => spawnSync('espeak-ng', ['--version']).status === 0

/** Three clips of each voice; voices and languages of the parts are others. Empty without `espeak-ng`. */
export const speechClips = (fft: FftKit, part: 'train' | 'held-out'): Clip[] =>
  hasSpeaker()
    ? SPEAKERS[part].flatMap((voice) =>
        [0, 1, 2].map((n) => ({
          piece: `speech ${voice} ${n}`,
          style: 'speech',
          take: 0,
          known: { acousticness: 1, instrumentalness: 0, speechiness: 1 },
          heard: heardOf(fft, `speech ${voice} ${n}`, () => [speak(voice, n), 1]),
        })),
      )
    : []
