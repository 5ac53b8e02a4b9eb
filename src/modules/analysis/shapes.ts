/** What an analysis says. Fields that may be absent are those an older engine did not measure. */
import type { TProperties } from 'typebox'
import { Id, Nullable, OneOf, type Static, Type } from '#kernel/schema.ts'

export const Score = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })
const Seconds = (description: string) =>
  Type.Array(Type.Number(), { description: `${description}, seconds from the start` })
const Numbers = (description: string) => Type.Array(Type.Number(), { description })
const Maybe = <T extends TProperties>(fields: T, description: string) =>
  Type.Optional(Type.Object(fields, { description }))
const from = { startSec: Type.Number(), endSec: Type.Number() }
const Mode = Nullable(OneOf(['major', 'minor'] as const))

const Shape = {
  centroidHz: Type.Number(),
  rolloffHz: Type.Number(),
  bandwidthHz: Type.Optional(Type.Number()),
  flatness: Type.Number(),
  contrastDb: Type.Optional(Numbers('Peak over valley in seven bands: up to 200, 400 … 6400 Hz, and above')),
  fluxDb: Type.Optional(Type.Number()),
  zeroCrossingRate: Type.Number(),
  rms: Type.Optional(Type.Number()),
}

export const Tempo = {
  tempo: Nullable(Type.Number({ description: 'BPM; null where there is no beat' })),
  tempoConfidence: Score('Of the tempo'),
  tempoAlternatives: Type.Array(Type.Object({ bpm: Type.Number(), confidence: Type.Number() })),
  isTempoStable: Type.Optional(Type.Boolean({ description: 'Nine of ten beats within 4 % of the middle one' })),
  tempoCurve: Type.Optional(
    Type.Array(Type.Object({ sec: Type.Number(), bpm: Type.Number() }), { description: 'Tempo over time' }),
  ),
  timeSignature: Type.Integer({ description: 'Felt beats in a bar' }),
  timeSignatureText: Type.Optional(Type.String({ description: 'As it would be written, "6/8"' })),
  timeSignatureConfidence: Type.Optional(Score('Of the beats in a bar')),
}
export const Beats = { beats: Seconds('Beats'), downbeats: Seconds('First beats of bars') }
export const Onsets = { onsets: Seconds('Note and drum onsets') }
export const Tonality = {
  key: Nullable(Type.String({ description: '"D minor"' })),
  mode: Mode,
  keyConfidence: Score('Of the key'),
  camelot: Nullable(Type.String()),
  keyAlternatives: Type.Optional(Type.Array(Type.Object({ key: Type.String(), confidence: Type.Number() }))),
  keyChanges: Type.Optional(
    Type.Array(
      Type.Object({
        ...from,
        key: Nullable(Type.String()),
        mode: Mode,
        camelot: Nullable(Type.String()),
        confidence: Score('Of this stretch'),
      }),
      { description: 'The key over time; one entry where it stays' },
    ),
  ),
  tuningHz: Type.Number({ description: 'The A above middle C' }),
  tuningConfidence: Type.Optional(Score('How much the pitches agree on the tuning')),
}
export const Chords = {
  chords: Type.Optional(
    Type.Array(Type.Object({ ...from, label: Type.String(), confidence: Score('Of this chord') }), {
      description: 'Chords in the notation of Harte 2005 ("A:min"); "N" where there is none',
    }),
  ),
}
export const Sections = {
  sections: Type.Array(
    Type.Object({
      startSec: Type.Number(),
      endSec: Type.Optional(Type.Number()),
      label: Type.String({ description: 'The same letter says that it sounds alike; verse or chorus is not claimed' }),
      confidence: Type.Optional(Score('Of the label')),
    }),
  ),
}
export const LoudnessPart = {
  loudnessLufs: Nullable(Type.Number({ description: 'Integrated, EBU R128; null for silence' })),
  loudnessRangeLu: Type.Number(),
  truePeakDbtp: Nullable(Type.Number()),
  loudness: Maybe(
    {
      momentaryMaxLufs: Type.Number(),
      shortTermMaxLufs: Type.Number(),
      samplePeakDbfs: Type.Number(),
      curve: Type.Object(
        { stepSec: Type.Number(), momentaryLufs: Numbers('400 ms'), shortTermLufs: Numbers('3 s') },
        { description: 'At most 1000 points, each the greatest of its step' },
      ),
    },
    'Loudness over time; −70 LUFS is silence',
  ),
  dynamics: Maybe(
    { drDb: Type.Number(), plrDb: Type.Number(), crestDb: Type.Number() },
    'TT DR, peak to loudness, peak to root mean square',
  ),
}
export const Spectral = {
  bands: Type.Object(
    { bass: Type.Number(), mid: Type.Number(), treble: Type.Number() },
    { description: 'Share of energy, sums to 1' },
  ),
  spectral: Type.Object(
    { ...Shape, variance: Type.Optional(Type.Object(Shape)) },
    { description: 'Means over the song, by the definitions of librosa' },
  ),
  mfcc: Numbers('20 means (13 of an older engine)'),
  mfccVariance: Type.Optional(Numbers('Of the same')),
  chroma: Numbers('12 means from C'),
  chromaVariance: Type.Optional(Numbers('Of the same')),
}
export const Signal = {
  silence: Type.Object({
    startSec: Type.Number(),
    endSec: Type.Number(),
    gaps: Type.Optional(Type.Array(Type.Object(from))),
  }),
  fades: Maybe({ inSec: Type.Number(), outSec: Type.Number() }, '0 where the music begins or ends at once'),
  signal: Maybe(
    {
      clippedShare: Type.Number(),
      brokenShare: Type.Number(),
      dcOffset: Type.Number(),
      stereoCorrelation: Type.Number(),
    },
    'What is wrong with the samples themselves',
  ),
}
export const Perceived = {
  energy: Score('Loudness, density and brightness; not validated against people'),
  danceability: Type.Optional(Score('An even pulse near 120 BPM with low drums; not validated against people')),
  valence: Type.Optional(Score('0 sad or dark, 1 happy; not validated against people')),
  arousal: Type.Optional(Score('0 calm, 1 excited; not validated against people')),
  acousticness: Type.Optional(Score('Share of acoustic instruments and voices; not validated against people')),
  instrumentalness: Type.Optional(Score('1 where nobody sings or speaks; not validated against people')),
  speechiness: Type.Optional(Score('1 where somebody speaks; not validated against people')),
  embedding: Type.Optional(Numbers('64 numbers of length 1, for similarity by cosine')),
}
const Head = {
  songId: Type.Optional(Id),
  status: OneOf(['completed'] as const),
  engineVersion: Type.Integer(),
  isCurrent: Type.Boolean({ description: 'False: of an older engine, served until the better one has its own answer' }),
  durationSec: Type.Number(),
}

/** The parts of an analysis that can be asked for alone, by what they are called in the address. */
export const PARTS = {
  tempo: Tempo,
  beats: Beats,
  onsets: Onsets,
  key: Tonality,
  chords: Chords,
  sections: Sections,
  loudness: LoudnessPart,
  spectral: Spectral,
  signal: Signal,
  perceived: Perceived,
} as const
export type Part = keyof typeof PARTS
export const PART_NAMES = Object.keys(PARTS) as [Part, ...Part[]]

export const Analysis = Type.Object(
  {
    ...Head,
    ...Tempo,
    ...Beats,
    ...Onsets,
    ...Tonality,
    ...Chords,
    ...Sections,
    ...LoudnessPart,
    ...Spectral,
    ...Signal,
    ...Perceived,
  },
  { $id: 'Analysis' },
)
export type Analysis = Static<typeof Analysis>

export const AnalysisPart = Type.Partial(Analysis, { $id: 'AnalysisPart' })
export type AnalysisPart = Static<typeof AnalysisPart>

/** One part of an analysis, with what it is about. */
export function partOf(a: Analysis, part: Part): AnalysisPart {
  const wanted = new Set([...Object.keys(Head), ...Object.keys(PARTS[part])])
  return Object.fromEntries(Object.entries(a).filter(([name]) => wanted.has(name)))
}
