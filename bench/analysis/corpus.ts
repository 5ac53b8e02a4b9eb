/**
 * The corpus: composed pieces in many styles and real songs, rendered with several soundfonts and treated as music is
 * on its way to a listener; all of the truth is known. Kept in a cache folder by what made them.
 *
 * Splits: pieces, soundfonts and recorded kits of `held-out` are heard by no other; twelve styles are held out whole.
 * `train` is for learning weights, `dev` for choosing between ways, `held-out` for the figures that are told.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keptFile } from './cache.ts'
import { compose } from './corpus/compose.ts'
import { SAMPLE_RATE, type Split } from './corpus/fonts.ts'
import { liederNames, readLied } from './corpus/lieder.ts'
import { RENDER_VERSION, render, type Sound, soundOf, truthOf } from './corpus/render.ts'
import { hashOf, type Score, type Truth } from './corpus/score.ts'
import { HELD_OUT_STYLES, STYLES } from './corpus/styles/index.ts'
import { readWav, writeWav } from './corpus/wav.ts'

export { cacheFolder } from './cache.ts'
export { SAMPLE_RATE, type Split } from './corpus/fonts.ts'
export type { KeyLabel, Span, Truth } from './corpus/score.ts'
export { HELD_OUT_STYLES, STYLES } from './corpus/styles/index.ts'

export type Item = {
  id: string
  split: Split
  /** Style of the table, or `lieder`. */
  style: string
  truth: Truth
  durationSec: number
  /** Name of the soundfont, or `own`. */
  font: string
  /** Name that changes whenever the sound does. */
  hash: string
  /** The file of the rendering; made when it is not there. */
  wav(): string
  /** Mono, 44.1 kHz. */
  audio(): Float32Array
}

export type Choice = {
  /** Composed pieces of each style (default 8 of train, 3 of the others) and songs (40, 15, 20). */
  perStyle?: number
  lieder?: number
  /** Only these styles; all otherwise. */
  styles?: readonly string[]
}

const PER_STYLE: Record<Split, number> = { train: 8, dev: 3, 'held-out': 3 }
const LIEDER_COUNT: Record<Split, number> = { train: 40, dev: 15, 'held-out': 20 }
/** Numbers of composed pieces: each split has its own. */
const FIRST_NUMBER: Record<Split, number> = { train: 0, dev: 100_000, 'held-out': 200_000 }
const LIEDER = join(import.meta.dirname, '../../../shared/data/lieder')

const soundName = ({ font, kit, ...rest }: Sound) => JSON.stringify({ font: font?.name, kit: kit?.name, ...rest })

const hashFor = (score: Score, sound: Sound) =>
  createHash('sha256')
    .update(JSON.stringify([RENDER_VERSION, score, soundName(sound)]))
    .digest('hex')
    .slice(0, 24)

const rendered = (score: Score, sound: Sound, hash: string): string =>
  keptFile(`${hash}.wav`, () => writeWav(render(score, sound), SAMPLE_RATE))

const itemOf = (score: Score, split: Split): Item => {
  const sound = soundOf(score, split)
  const hash = hashFor(score, sound)
  const wav = () => rendered(score, sound, hash)
  return {
    id: score.id,
    split,
    style: score.style,
    truth: truthOf(score, sound),
    durationSec: score.durationSec / sound.speed,
    font: sound.font?.name ?? 'own',
    hash,
    wav,
    audio: () => readWav(readFileSync(wav())),
  }
}

const composed = (split: Split, { perStyle = PER_STYLE[split], styles }: Choice): Item[] =>
  Object.keys(STYLES)
    .filter((name) => (split === 'held-out' || !HELD_OUT_STYLES.has(name)) && (styles?.includes(name) ?? true))
    .flatMap((name) =>
      Array.from({ length: perStyle }, (_, i) => itemOf(compose(name, FIRST_NUMBER[split] + i), split)),
    )

/** By song, before any rendering: every rendering of a song is on the same side. */
export const liedSplit = (name: string): Split => {
  const part = hashOf(`split ${name}`) % 4
  return part < 2 ? 'train' : part === 2 ? 'dev' : 'held-out'
}

const songs = (split: Split, { lieder = LIEDER_COUNT[split], styles }: Choice): Item[] => {
  if (!existsSync(LIEDER) || !(styles?.includes('lieder') ?? true)) return []
  const out: Item[] = []
  for (const name of liederNames(LIEDER).filter((each) => liedSplit(each) === split)) {
    if (out.length >= lieder) break
    const score = readLied(LIEDER, name)
    if (score) out.push(itemOf(score, split))
  }
  return out
}

/** The pieces of a split; sound is made on demand. */
export const items = (split: Split, choice: Choice = {}): Item[] => [
  ...composed(split, choice),
  ...songs(split, choice),
]
