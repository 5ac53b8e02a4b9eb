/**
 * How good similarity and mood are: on renderings of pieces, by soundfonts that training never heard, and on real
 * libraries, beside a plain baseline (mean MFCC and chroma, standardised, cosine). Nobody was asked: what mood is compared
 * with is what the renderer knows, or what the literature says of the notes.
 * `node bench/analysis/similarity.ts [--pieces N] [--only renderings,libraries,mood] [FOLDER…]`
 */
import { parseArgs } from 'node:util'
import { embed } from '#engines/audio/embedding/index.ts'
import { loadFft } from '#engines/audio/index.ts'
import { learnedScores, type Mood } from '#engines/audio/mood/index.ts'
import { type Clip, heardOf, heldOutClips, type Listened, speechClips } from '../../tools/similarity-data.ts'
import { HELD_OUT_STYLES } from './corpus.ts'
import { decode, LIBRARIES, tracksOf } from './libraries.ts'
import { precisionsAt, rankCorrelation, reciprocalRanks } from './retrieval.ts'
import { type Estimate, estimate } from './statistics.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pieces: { type: 'string', default: '3' },
    only: { type: 'string', default: 'renderings,libraries,mood' },
  },
})
const parts = options.only.split(',')
const fft = await loadFft()

type Vectors = { name: string; of: (heard: Listened) => ArrayLike<number> }

/** The baselines are given the means and deviations of the very set that they are judged on. */
const standardised = (all: readonly Listened[], field: 'raw' | 'plain') => {
  const width = all[0]?.[field].length ?? 0
  const means = Array.from({ length: width }, (_, i) =>
    all.reduce((sum, each) => sum + each[field][i]! / all.length, 0),
  )
  const spreads = means.map(
    (mean, i) => Math.sqrt(all.reduce((sum, each) => sum + (each[field][i]! - mean) ** 2 / all.length, 0)) || 1,
  )
  return (heard: Listened) => means.map((mean, i) => (heard[field][i]! - mean) / spreads[i]!)
}

const systemsFor = (all: readonly Listened[]): Vectors[] => [
  { name: 'tutti, 64', of: ({ raw }) => embed(Float32Array.from(raw)) },
  { name: 'unlearned', of: standardised(all, 'raw') },
  { name: 'mfcc+chroma', of: standardised(all, 'plain') },
]

/** What was learned since the sound was heard counts. */
const moodNow = ({ mood, inputs }: Listened): Mood => ({ ...mood, ...learnedScores(Float32Array.from(inputs)) })

const told = (found: Estimate | undefined) =>
  found ? `${found.mean.toFixed(3)} (${found.low.toFixed(3)}..${found.high.toFixed(3)})` : '–'

const print = (title: string, rows: [name: string, found: Estimate | undefined][]) => {
  console.log(`\n${title}`)
  for (const [name, found] of rows) console.log(`  ${name.padEnd(18)} ${told(found)}`)
}

const judgeRenderings = (clips: readonly Clip[]) => {
  const systems = systemsFor(clips.map(({ heard }) => heard))
  const place = (of: Vectors['of']) => clips.map((clip) => ({ clip, vector: of(clip.heard) }))
  const takes = (of: Vectors['of'], take: number, isHeldOut: boolean) =>
    place(of)
      .filter(({ clip }) => clip.take === take && (!isHeldOut || HELD_OUT_STYLES.has(clip.style)))
      .map(({ clip, vector }) => ({ vector, label: clip.piece }))
  const styles = (of: Vectors['of']) =>
    place(of).map(({ clip, vector }) => ({ vector, label: clip.style, group: clip.piece }))
  const same = (isHeldOut: boolean) =>
    systems.map(({ name, of }): [string, Estimate | undefined] => [
      name,
      estimate(reciprocalRanks(takes(of, 0, isHeldOut), takes(of, 1, false))),
    ])
  const pieces = new Set(clips.map(({ piece }) => piece)).size
  print(`the same piece in another rendering, among ${pieces}: mean reciprocal rank`, same(false))
  print('the same, pieces of styles that training never heard', same(true))
  print(
    'pieces of the same style among the nearest: precision at 10 (or as many as there are)',
    systems.map(({ name, of }) => [name, estimate(precisionsAt(10, styles(of)))]),
  )
}

/** Means of each label first, so that a large album does not decide alone. */
const balanced = (k: number, all: { vector: ArrayLike<number>; label: string; group: string }[]) => {
  const labels = [...Map.groupBy(all, ({ label }) => label).entries()].filter(([, own]) => own.length > 1)
  return labels.map(([label]) => {
    const shares = precisionsAt(k, all, label)
    return shares.reduce((a, b) => a + b, 0) / shares.length
  })
}

const judgeLibraries = () => {
  const tracks = tracksOf(positionals.length > 0 ? positionals : LIBRARIES)
  if (tracks.length < 2) return console.log('\nno real music is installed: Debian has wesnoth-music, warzone2100-music')
  const heard = tracks.map(({ path, bytes }) => heardOf(fft, `track ${path} ${bytes}`, () => [decode(path), 2]))
  const systems = systemsFor(heard)
  const place = (of: Vectors['of'], field: 'album' | 'artist') =>
    tracks.flatMap((track, i) =>
      track[field] === '' ? [] : [{ vector: of(heard[i]!), label: track[field], group: track.path }],
    )
  for (const [field, k] of [
    ['album', 5],
    ['artist', 3],
  ] as const) {
    const known = place(systems[0]!.of, field)
    const labels = new Set(known.map(({ label }) => label)).size
    const title = `${known.length} real tracks, ${labels} ${field}s: precision at ${k}, mean over ${field}s`
    print(
      title,
      systems.map(({ name, of }) => [name, estimate(balanced(k, place(of, field)))]),
    )
  }
  const albums = Map.groupBy(
    tracks.map(({ album }, i) => ({ album, mood: moodNow(heard[i]!) })),
    ({ album }) => album,
  )
  console.log('\nmedian scores')
  for (const [album, own] of albums) {
    const medians = MOODS.map((name) => `${name} ${median(own.map(({ mood }) => mood[name])).toFixed(2)}`)
    console.log(`  ${album.padEnd(32)} ${medians.join(', ')}`)
  }
}

const MOODS = [
  'energy',
  'danceability',
  'valence',
  'arousal',
  'acousticness',
  'instrumentalness',
  'speechiness',
] as const satisfies readonly (keyof Mood)[]

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const octaves = (value: number | undefined, middle: number) => (value ? Math.log2(value / middle) : 0)

/** What each score should follow; undefined where a piece does not say. */
const EXPECTED: Partial<Record<keyof Mood, (clip: Clip) => number | undefined>> = {
  valence: ({ mode, bpm, register = 60 }) =>
    mode && (mode === 'major' ? 1 : -1) + 0.6 * octaves(bpm, 110) + 0.3 * ((register - 60) / 12),
  arousal: ({ onsetsPerSec, bpm }) => onsetsPerSec && octaves(onsetsPerSec, 3) + 0.6 * octaves(bpm, 110),
  danceability: ({ bpm, drums }) => (drums && bpm ? Math.exp(-((octaves(bpm, 120) / 0.5) ** 2)) : 0),
  acousticness: ({ known }) => known.acousticness,
  instrumentalness: ({ known }) => known.instrumentalness,
  speechiness: ({ known }) => known.speechiness,
}

/** What a score without ties could reach, since what is known has many. */
const mostPossible = (pairs: readonly { wanted: number }[]) =>
  rankCorrelation(pairs.toSorted((a, b) => a.wanted - b.wanted).map(({ wanted }, i) => ({ wanted, found: i })))

const calledRight = (all: readonly Clip[], isSpeech: boolean) =>
  all.filter(({ heard }) => moodNow(heard).speechiness > 0.5 === isSpeech).length

const judgeMood = (clips: readonly Clip[]) => {
  const spoken = speechClips(fft, 'held-out')
  console.log('\nrank correlation of scores with what is known of the notes (not with people)')
  for (const [name, expected] of Object.entries(EXPECTED)) {
    const heard = name === 'speechiness' ? [...clips, ...spoken] : clips
    const pairs = heard.flatMap((clip) => {
      const wanted = expected(clip)
      return wanted === undefined ? [] : [{ wanted, found: moodNow(clip.heard)[name as keyof Mood] }]
    })
    const figures = `${rankCorrelation(pairs).toFixed(3)} of at most ${mostPossible(pairs).toFixed(3)}`
    console.log(`  ${name.padEnd(18)} ${figures}  (${pairs.length} renderings)`)
  }
  console.log(
    `  told apart at 0.5: ${calledRight(spoken, true)} of ${spoken.length} spoken clips (other voices and languages`,
  )
  console.log(`  than training's) and ${calledRight(clips, false)} of ${clips.length} pieces of music`)
}

const clips = parts.includes('renderings') || parts.includes('mood') ? heldOutClips(fft, Number(options.pieces)) : []
if (parts.includes('renderings')) judgeRenderings(clips)
if (parts.includes('mood')) judgeMood(clips)
if (parts.includes('libraries')) judgeLibraries()
