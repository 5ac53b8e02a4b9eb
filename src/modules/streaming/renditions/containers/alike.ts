/** For tests: how far apart two sounds are, and where. */
import type { Layout } from '../layout.ts'

const LAG_SAMPLES_MAX = 64
/** What is compared to find the lag: a second. */
const LAG_OVER_SAMPLES = 48_000
/** On each side of a join. */
export const JOIN_SAMPLES = 1536
/** On each side of a place where a click is looked for. */
const CLICK_SAMPLES = 200

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number

/** By how many samples the sound is late in the second after `from`: where the two are most alike. */
export function lagOf(sound: Float32Array, music: Float32Array, channels: number, from = 0): number {
  const to = Math.min(from + LAG_OVER_SAMPLES, music.length / channels) - LAG_SAMPLES_MAX
  const alike = (lag: number): number => {
    let sum = 0
    for (let i = from + LAG_SAMPLES_MAX; i < to; i++)
      sum += (sound[(i + lag) * channels] as number) * (music[i * channels] as number)
    return sum
  }
  const lags = Array.from({ length: 2 * LAG_SAMPLES_MAX + 1 }, (_, i) => i - LAG_SAMPLES_MAX)
  return lags.map((lag) => ({ lag, alike: alike(lag) })).reduce((a, b) => (b.alike > a.alike ? b : a)).lag
}

/** Where two sounds differ most, near a place. */
export function loudestNear(sound: Float32Array, calm: Float32Array, place: number, channels: number): number {
  const off = (at: number) => Math.abs((sound[at * channels] ?? 0) - (calm[at * channels] ?? 0))
  const places = Array.from({ length: 2 * CLICK_SAMPLES }, (_, i) => place - CLICK_SAMPLES + i)
  return places.reduce((best, at) => (off(at) > off(best) ? at : best))
}

/** The mean of what differs between two sounds, in a window around a sample. */
function errorAt(a: Float32Array, b: Float32Array, center: number, channels: number): number {
  const from = Math.max(0, (center - JOIN_SAMPLES) * channels)
  const to = Math.min(b.length, (center + JOIN_SAMPLES) * channels)
  let sum = 0
  for (let i = from; i < to; i++) sum += ((a[i] ?? 0) - (b[i] as number)) ** 2
  return Math.sqrt(sum / (to - from))
}

/** How far a sound is from the music, for each piece: first around its beginning, then in windows up to its end. */
export function errorsOf(sound: Float32Array, music: Float32Array, layout: Layout): number[][] {
  const pieceSamples = layout.packetsPerPiece * layout.packetSamples
  return Array.from({ length: layout.pieces }, (_, piece) => {
    const start = piece * pieceSamples - layout.delaySamples
    const end = Math.min(start + pieceSamples, layout.samples) - JOIN_SAMPLES
    const windows = Math.max(1, Math.floor((end - start) / (2 * JOIN_SAMPLES)))
    return Array.from({ length: windows }, (_, i) =>
      errorAt(sound, music, start + 2 * JOIN_SAMPLES * i, layout.channels),
    )
  })
}
