/**
 * Learns `src/engines/audio/embedding/model.ts` from renderings of composed pieces (about a second of CPU each, kept in
 * the cache of the bench): `node tools/train-embedding.ts [pieces of each style]`. How it is judged:
 * `bench/analysis/similarity.ts`. With `--try`, figures for other settings on styles that were left out instead.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadFft } from '#engines/audio/index.ts'
import { precisionsAt, reciprocalRanks } from '../bench/analysis/retrieval.ts'
import { type Fit, fitEmbedding, type Lesson, project } from './embedding-fit.ts'
import { learnedSource } from './learned.ts'
import { type Clip, trainingClips } from './similarity-data.ts'

const OUT = join(import.meta.dirname, '../src/engines/audio/embedding/model.ts')
const FOLDS = 3

/**
 * Chosen by `--try`, but for timbre: it tells little across soundfonts, much in real libraries, and weighs as much as rhythm.
 */
const CHOSEN: Fit = { floor: 0.3, style: 0.5, flatten: 0.25, shares: [1.2, 0.8, 1.2] }

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)

const lessonOf = ({ piece, style, heard }: Clip): Lesson => ({ piece, style, raw: Float32Array.from(heard.raw) })

/** Same piece in another take: mean reciprocal rank; style: precision at 10. */
const judge = (learned: ReturnType<typeof fitEmbedding>, clips: readonly Clip[]) => {
  const placed = clips.map((clip) => ({ clip, vector: project(learned, Float32Array.from(clip.heard.raw)) }))
  const of = (take: number) =>
    placed.filter(({ clip }) => clip.take === take).map(({ clip, vector }) => ({ vector, label: clip.piece }))
  const styles = placed.map(({ clip, vector }) => ({ vector, label: clip.style, group: clip.piece }))
  return [meanOf(reciprocalRanks(of(0), of(1))), meanOf(precisionsAt(10, styles))]
}

const crossValidate = (clips: readonly Clip[], fit: Fit) => {
  const styles = [...new Set(clips.map(({ style }) => style))].sort()
  const rows = Array.from({ length: FOLDS }, (_, fold) => {
    const out = new Set(styles.filter((_, i) => i % FOLDS === fold))
    const learned = fitEmbedding(clips.filter(({ style }) => !out.has(style)).map(lessonOf), fit)
    return judge(
      learned,
      clips.filter(({ style }) => out.has(style)),
    )
  })
  return rows[0]!.map((_, i) => meanOf(rows.map((row) => row[i]!)))
}

const settings: Partial<Fit>[] = [
  {},
  ...[0.03, 0.3].map((floor) => ({ floor })),
  ...[0, 1].map((style) => ({ style })),
  ...[0, 0.5].map((flatten) => ({ flatten })),
  ...[
    [1, 1, 1],
    [0.8, 0.9, 1.5],
    [1.2, 0.9, 1.2],
  ].map((shares) => ({ shares })),
]

const isTrial = process.argv.includes('--try')
const each = process.argv.slice(2).find((argument) => /^\d+$/.test(argument))
const clips = trainingClips(await loadFft(), each ? Number(each) : undefined)
console.log(`${clips.length} renderings of ${new Set(clips.map(({ piece }) => piece)).size} pieces`)
if (isTrial)
  for (const change of settings) {
    const [same, style] = crossValidate(clips, { ...CHOSEN, ...change })
    console.log(`${JSON.stringify(change).padEnd(30)} same piece ${same!.toFixed(3)}  style ${style!.toFixed(3)}`)
  }
else writeFileSync(OUT, learnedSource('train-embedding', 'EMBEDDING', fitEmbedding(clips.map(lessonOf), CHOSEN)))
