/**
 * The shape of a spectrum, by librosa 0.11: `spectral_centroid`, `spectral_rolloff(roll_percent=0.85)`,
 * `spectral_bandwidth(p=2)` of the magnitude, `spectral_flatness(power=2, amin=1e-10)`, and
 * `spectral_contrast(n_bands=6, fmin=200, quantile=0.02)`.
 */
const ROLLOFF_SHARE = 0.85
/** librosa's `amin`: −100 dB. */
export const POWER_FLOOR = 1e-10
/** librosa's `top_db`: what lies further below the loudest of a track is as loud as that. */
const TOP_DB = 80

export type Shape = { centroidHz: number; rolloffHz: number; bandwidthHz: number; flatness: number }

/** Of a silent frame: all 0, flatness 1. Writes into `out`, so that nothing is made for each frame. */
export const shapeOf = (power: Float32Array, magnitude: Float32Array, binHz: number, out: Shape) => {
  let sum = 0
  let first = 0
  let second = 0
  let logs = 0
  let product = 1
  let total = 0
  for (let k = 0; k < power.length; k++) {
    const value = magnitude[k]!
    sum += value
    first += k * value
    second += k * k * value
    const floored = Math.max(power[k]!, POWER_FLOOR)
    total += floored
    product *= floored
    // One logarithm for several bins: the product stays within double range for 8 of them.
    if ((k & 7) === 7) {
      logs += Math.log(product)
      product = 1
    }
  }
  logs += Math.log(product)
  let bin = 0
  for (let reached = magnitude[0]!; reached < ROLLOFF_SHARE * sum && bin < magnitude.length - 1; )
    reached += magnitude[++bin]!
  const centroid = sum > 0 ? first / sum : 0
  out.centroidHz = centroid * binHz
  out.rolloffHz = bin * binHz
  out.bandwidthHz = sum > 0 ? Math.sqrt(Math.max(0, second / sum - centroid * centroid)) * binHz : 0
  out.flatness = Math.exp(logs / power.length) / (total / power.length)
}

/** Up to 200, 400, 800, 1600, 3200, 6400 Hz, and above. */
export const CONTRAST_BANDS = 7
const CONTRAST_LOW_HZ = 200
const QUANTILE = 0.02

/** Bins `from`..`to − 1`, of which the `few` least are the valley and the `few` greatest the peak. */
type ContrastBand = { from: number; to: number; few: number }

/** As librosa counts them: a band also takes the bin below its own, and all but the last leave out their highest. */
export const contrastBands = (bins: number, binHz: number): ContrastBand[] =>
  Array.from({ length: CONTRAST_BANDS }, (_, b) => {
    const low = b === 0 ? 0 : CONTRAST_LOW_HZ * 2 ** (b - 1)
    const last = b === CONTRAST_BANDS - 1
    const from = Math.max(0, Math.ceil(low / binHz) - (b > 0 ? 1 : 0))
    const to = last ? bins : Math.floor((CONTRAST_LOW_HZ * 2 ** b) / binHz) + 1
    return { from, to: last ? to : to - 1, few: Math.max(1, Math.round(QUANTILE * (to - from))) }
  })

/**
 * Means of the `few` least and of the `few` greatest values, by insertion into `held`; `few` is small. Spectra fall: so
 * the least are looked for from above, the greatest from below, and most values are passed over by one comparison.
 */
const meanOfLeast = (x: Float32Array, { from, to, few }: ContrastBand, held: Float64Array) => {
  held.fill(Infinity, 0, few)
  let worst = Infinity
  for (let k = to - 1; k >= from; k--) {
    const value = x[k]!
    if (value >= worst) continue
    let at = few - 1
    for (; at > 0 && held[at - 1]! > value; at--) held[at] = held[at - 1]!
    held[at] = value
    worst = held[few - 1]!
  }
  return meanOf(held, few)
}

const meanOfGreatest = (x: Float32Array, { from, to, few }: ContrastBand, held: Float64Array) => {
  held.fill(-Infinity, 0, few)
  let worst = -Infinity
  for (let k = from; k < to; k++) {
    const value = x[k]!
    if (value <= worst) continue
    let at = few - 1
    for (; at > 0 && held[at - 1]! < value; at--) held[at] = held[at - 1]!
    held[at] = value
    worst = held[few - 1]!
  }
  return meanOf(held, few)
}

const meanOf = (x: Float64Array, count: number) => {
  let sum = 0
  for (let i = 0; i < count; i++) sum += x[i]!
  return sum / count
}

/** Peaks and valleys of one frame, `CONTRAST_BANDS` magnitudes each, into `peaks` and `valleys` from `at`. */
export const contrastMeter = (bins: number, binHz: number) => {
  const bands = contrastBands(bins, binHz)
  const held = new Float64Array(Math.max(...bands.map((band) => band.few)))
  return (magnitude: Float32Array, peaks: Float32Array, valleys: Float32Array, at: number) => {
    for (let b = 0; b < CONTRAST_BANDS; b++) {
      valleys[at + b] = meanOfLeast(magnitude, bands[b]!, held)
      peaks[at + b] = meanOfGreatest(magnitude, bands[b]!, held)
    }
  }
}

/** `librosa.power_to_db(ref=1, amin=1e-10, top_db=80)`, in place, over all frames of a track. */
export const toDecibels = (power: Float32Array) => {
  let top = POWER_FLOOR
  for (const value of power) if (value > top) top = value
  const least = Math.max(POWER_FLOOR, top * 10 ** (-TOP_DB / 10))
  for (let i = 0; i < power.length; i++) power[i] = 10 * Math.log10(Math.max(least, power[i]!))
  return power
}
