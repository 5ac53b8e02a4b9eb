/** Decimation by four with a Kaiser-windowed sinc: flat to 2.4 kHz at 44.1 kHz, aliases into that range below −70 dB. */

export const DECIMATION = 4
const TAPS = 32
const CUTOFF = 0.125
const KAISER_BETA = 7

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

/** A stateful decimator; every block must be a multiple of four samples long. The result is reused by the next call. */
export const decimator = (blockSize: number): ((block: Float32Array) => Float32Array) => {
  const history = new Float32Array(TAPS + blockSize)
  const out = new Float32Array(blockSize / DECIMATION)
  return (block) => {
    history.set(block, TAPS)
    const count = block.length / DECIMATION
    for (let n = 0; n < count; n++) {
      const at = n * DECIMATION + DECIMATION
      let sum = 0
      for (let k = 0; k < TAPS / 2; k++) sum += taps[k]! * (history[at + k]! + history[at + TAPS - 1 - k]!)
      out[n] = sum
    }
    history.copyWithin(0, block.length, block.length + TAPS)
    return out.subarray(0, count)
  }
}
