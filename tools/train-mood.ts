/**
 * Learns `src/engines/audio/mood/model.ts`: acousticness, instrumentalness and speechiness from renderings whose
 * instruments are known, and from synthetic speech: `node tools/train-mood.ts [pieces of each style]`. How it is judged:
 * `bench/analysis/similarity.ts`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadFft } from '#engines/audio/index.ts'
import { learnedSource } from './learned.ts'
import { fitMood } from './mood-fit.ts'
import { speechClips, trainingClips } from './similarity-data.ts'

const OUT = join(import.meta.dirname, '../src/engines/audio/mood/model.ts')
/** Of acousticness, instrumentalness, speechiness; chosen on styles that were left out. */
const RIDGES = [0.01, 0.03, 0.003]

const fft = await loadFft()
const each = process.argv[2]
const clips = [...trainingClips(fft, each ? Number(each) : undefined), ...speechClips(fft, 'train')]
const lessons = clips.map(({ style, heard, known }) => ({
  style,
  inputs: Float32Array.from(heard.inputs),
  labels: [known.acousticness ?? Number.NaN, known.instrumentalness, known.speechiness],
}))
if (!lessons.some(({ style }) => style === 'speech'))
  throw new Error('espeak-ng is not installed: no speech to learn from')
writeFileSync(OUT, learnedSource('train-mood', 'LEARNED', fitMood(lessons, RIDGES)))
console.log(`${lessons.length} renderings`)
