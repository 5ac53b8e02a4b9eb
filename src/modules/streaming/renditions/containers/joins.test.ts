/**
 * Pieces of encoders that each began elsewhere, joined, are compared with the music sample by sample: as long, at the
 * same place, and no worse where they join than one encoder made them there.
 */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Profile, profileOf } from '../../profiles.ts'
import { GRIDS_PER_PIECE, type Layout, RUN_UP_GRIDS } from '../layout.ts'
import { containerOf } from './index.ts'
import {
  decoded,
  encodeFrom,
  heard,
  layoutFor,
  makeTune,
  needsFfmpeg,
  packAll,
  played,
  type Shape,
  type Tune,
} from './testing.ts'

/** Three pieces, the last of them short. */
const TUNE_SEC = 8.437
const LAG_SAMPLES_MAX = 64
/** On each side of a join. */
const JOIN_SAMPLES = 1536
/** How much worse than around it a join may be; one packet too many or too few makes it ten times worse. */
const WORSE_MAX = 1.2
/** A click is softened, but not moved. */
const CLICK_MOVED_SAMPLES_MAX = 3

const CD: Shape = { sampleRateHz: 44_100, channels: 2, bits: 16 }
const STUDIO: Shape = { sampleRateHz: 96_000, channels: 2, bits: 24 }
const STEREO: Shape = { sampleRateHz: 48_000, channels: 2, bits: 16 }
const MONO: Shape = { ...STEREO, channels: 1 }

type Made = { tune: Tune; layout: Layout; whole: Buffer; joined: Buffer }

/** The file of one encoder, and the one whose every piece is of an own encoder. */
async function make(profile: Profile, shape: Shape): Promise<Made> {
  const tune = makeTune(shape, TUNE_SEC)
  const layout = layoutFor(profile, tune)
  const gridPackets = layout.packetsPerPiece / GRIDS_PER_PIECE
  const starts = Array.from({ length: layout.pieces }, (_, piece) =>
    Math.max(0, piece * layout.packetsPerPiece - RUN_UP_GRIDS[profile.codec] * gridPackets),
  )
  const runs = await Promise.all(starts.map((start) => encodeFrom(layout, tune, start)))
  const packetOf = (run: number, packet: number) => runs[run]?.[packet - (starts[run] as number)] as Buffer
  const container = containerOf(profile, 'a')
  const joined = packAll(container, layout, (packet) => packetOf(Math.floor(packet / layout.packetsPerPiece), packet))
  return { tune, layout, joined, whole: packAll(container, layout, (packet) => packetOf(0, packet)) }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number

/** The mean of what differs between two sounds, in a window. */
function errorOf(a: Float32Array, b: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
  return Math.sqrt(sum / (to - from))
}

/**
 * How much farther from the music the joined sound is than that of one encoder, for each piece: first around its
 * beginning, then in windows of the same size up to its end.
 */
function worseness(joined: Float32Array, whole: Float32Array, music: Float32Array, layout: Layout): number[][] {
  const pieceSamples = layout.packetsPerPiece * layout.packetSamples
  const at = (center: number): number => {
    const from = Math.max(0, (center - JOIN_SAMPLES) * layout.channels)
    const to = Math.min(music.length, (center + JOIN_SAMPLES) * layout.channels)
    return errorOf(joined, music, from, to) / errorOf(whole, music, from, to)
  }
  return Array.from({ length: layout.pieces }, (_, piece) => {
    const start = piece * pieceSamples - layout.delaySamples
    const end = Math.min(start + pieceSamples, layout.samples) - JOIN_SAMPLES
    const windows = Math.max(1, Math.floor((end - start) / (2 * JOIN_SAMPLES)))
    return Array.from({ length: windows }, (_, i) => at(start + 2 * JOIN_SAMPLES * i))
  })
}

/** By how many samples the sound is late: where the two are most alike. */
function lagOf(sound: Float32Array, music: Float32Array, channels: number): number {
  const alike = (lag: number): number => {
    let sum = 0
    for (let i = LAG_SAMPLES_MAX; i < 48_000; i++)
      sum += (sound[(i + lag) * channels] as number) * (music[i * channels] as number)
    return sum
  }
  const lags = Array.from({ length: 2 * LAG_SAMPLES_MAX + 1 }, (_, i) => i - LAG_SAMPLES_MAX)
  return lags.reduce((best, lag) => (alike(lag) > alike(best) ? lag : best), 0)
}

/** Where two sounds differ most, near a place. */
function loudestNear(sound: Float32Array, calm: Float32Array, place: number, channels: number): number {
  const off = (at: number) => Math.abs((sound[at * channels] ?? 0) - (calm[at * channels] ?? 0))
  const places = Array.from({ length: 400 }, (_, i) => place - 200 + i)
  return places.reduce((best, at) => (off(at) > off(best) ? at : best))
}

const LOSSY: [Profile, Shape][] = [
  [profileOf('mp3', 64), MONO],
  [profileOf('mp3', 128), STEREO],
  [profileOf('opus', 64), MONO],
  [profileOf('opus', 128), STEREO],
  [profileOf('aac', 64), MONO],
  [profileOf('aac', 128), STEREO],
]
for (const [profile, shape] of LOSSY)
  void describe(`${profile.name}, ${shape.channels} channels`, needsFfmpeg, () => {
    const { channels } = shape
    let made: Made
    let music: Float32Array
    let whole: Float32Array
    let joined: Float32Array
    before(async () => {
      made = await make(profile, shape)
      music = played(made.tune)
      ;[whole, joined] = await Promise.all([heard(made.whole, made.layout), heard(made.joined, made.layout)])
    })

    it('is exactly as long as the music, and not late', () => {
      assert.equal(joined.length, music.length)
      assert.equal(lagOf(joined, music, channels), 0)
    })
    it('has every click at its place', () => {
      const calm = played(makeTune(shape, TUNE_SEC, 0))
      for (const click of made.tune.clicks) {
        const off = Math.abs(loudestNear(joined, calm, click, channels) - click)
        assert.ok(off <= CLICK_MOVED_SAMPLES_MAX, `the click at ${click} is off by ${off}`)
      }
    })
    it('is no worse where pieces join than around it', () => {
      const { layout } = made
      const worse = worseness(joined, whole, music, layout)
      for (let piece = 1; piece < layout.pieces; piece++) {
        const around = [median(worse[piece - 1] as number[]), median(worse[piece] as number[])]
        const [here = 0] = worse[piece] as number[]
        assert.ok(here <= Math.max(...around) * WORSE_MAX, `join ${piece}: ${here}, around it ${around.join(' and ')}`)
      }
    })
    if (profile.codec === 'mp3')
      it('is the same file, however it is cut into runs', () => assert.ok(made.joined.equals(made.whole)))
  })

const LOSSLESS: [Profile, Shape][] = [
  [profileOf('flac', undefined), CD],
  [profileOf('flac', undefined), STUDIO],
  [profileOf('flac', undefined), MONO],
  [profileOf('wav', undefined), CD],
  [profileOf('wav', undefined), { ...STUDIO, channels: 1 }],
]
for (const [profile, shape] of LOSSLESS)
  void it(
    `${profile.name} at ${shape.sampleRateHz} Hz, ${shape.bits} bits, ${shape.channels} channels is the music, bit by bit`,
    needsFfmpeg,
    async () => {
      const { tune, joined, whole } = await make(profile, shape)
      assert.ok(joined.equals(whole), 'the same file, however it is cut into runs')
      const format = `s${shape.bits}le`
      assert.ok((await decoded(joined, ['-c:a', `pcm_${format}`, '-f', format])).equals(tune.pcm))
    },
  )
