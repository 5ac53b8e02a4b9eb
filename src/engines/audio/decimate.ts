/** Decimation by four with a Kaiser-windowed sinc: aliases into the range up to 2.1 kHz (of 44.1 kHz) stay below −50 dB. */
import { type Kernels, plainKernels } from './kernels.ts'

export const DECIMATION = 4
const TAPS = 20
const CUTOFF = 0.125
const KAISER_BETA = 4.6

const bessel0 = (x: number) => {
  let sum = 1
  for (let k = 1, term = 1; k < 30; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

const taps = (() => {
  const raw = Float64Array.from({ length: TAPS }, (_, i) => {
    const x = i - (TAPS - 1) / 2
    const sinc = Math.sin(2 * Math.PI * CUTOFF * x) / (Math.PI * x)
    return sinc * (bessel0(KAISER_BETA * Math.sqrt(1 - ((2 * x) / (TAPS - 1)) ** 2)) / bessel0(KAISER_BETA))
  })
  const sum = raw.reduce((a, b) => a + b)
  return raw.map((tap) => tap / sum)
})()

/**
 * A stateful decimator of blocks of at most `blockSize` samples, of any length: what is left of one is carried on to the
 * next, so that over all there is one sample for four. The result is reused by the next call.
 */
export const decimator = (
  blockSize: number,
  kernels: Kernels = plainKernels(),
): ((block: Float32Array) => Float32Array) => {
  const filter = kernels.floats(TAPS)
  filter.set(taps)
  const x = kernels.floats(TAPS + DECIMATION + blockSize)
  const out = kernels.floats(Math.ceil(blockSize / DECIMATION) + 1)
  /** Samples in `x`: those a next answer begins with. Zeros before the first. */
  let held = TAPS - DECIMATION
  return (block) => {
    x.set(block, held)
    const filled = held + block.length
    const count = Math.max(0, Math.floor((filled - TAPS) / DECIMATION) + 1)
    kernels.decimate(x, filter, out, count)
    x.copyWithin(0, count * DECIMATION, filled)
    held = filled - count * DECIMATION
    return out.subarray(0, count)
  }
}
