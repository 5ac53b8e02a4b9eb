/**
 * Real FFTs, by one of two kits with the same face: SIMD WebAssembly (PFFFT) where it can be loaded, plain TypeScript
 * everywhere else. Both agree to single precision.
 */
import type { PffftModule, PffftOptions } from '@echogarden/pffft-wasm/simd'
import { type Kernels, plainKernels } from './kernels.ts'
import { loadSimd } from './simd.ts'

/** A real FFT of one size. Fill `input` (size samples, kept by the caller's next call), then ask for the power. */
export type RealFft = {
  readonly size: number
  /** Where the next frame goes. Read it anew for every frame: WebAssembly memory may have moved. */
  readonly input: Float32Array
  /** Writes |X[k]|² for k = 0..size/2 (size/2 + 1 values, unscaled). */
  power(out: Float32Array): void
  /** Writes the spectrum as [DC, Nyquist, re1, im1, re2, im2 …] (size values, unscaled). */
  transform(out: Float32Array): void
}

export type FftKit = {
  readonly name: 'pffft' | 'plain'
  /** `size` is a power of two, 32..32768. The result is shared: it belongs to the caller until it returns. */
  realFft(size: number): RealFft
  /** The other inner loops, with memory of their own: a new set for each analysis. */
  kernels(): Kernels
}

const SIZE_MIN = 32
const SIZE_MAX = 32_768

const cached = (name: FftKit['name'], make: (size: number) => RealFft, kernels: () => Kernels): FftKit => {
  const bySize = new Map<number, RealFft>()
  return {
    name,
    kernels,
    realFft(size) {
      if (size < SIZE_MIN || size > SIZE_MAX || (size & (size - 1)) !== 0)
        throw new RangeError(`FFT size ${size} is not a power of two between ${SIZE_MIN} and ${SIZE_MAX}.`)
      const known = bySize.get(size) ?? make(size)
      bySize.set(size, known)
      return known
    },
  }
}

/** The power spectrum of what `transform` writes, from `from`. */
const foldPower = (packed: Float32Array, from: number, size: number, out: Float32Array) => {
  const half = size / 2
  const dc = packed[from]!
  const nyquist = packed[from + 1]!
  out[0] = dc * dc
  out[half] = nyquist * nyquist
  for (let k = 1, i = from + 2; k < half; k++, i += 2) {
    const re = packed[i]!
    const im = packed[i + 1]!
    out[k] = re * re + im * im
  }
}

const FLOAT_BYTES = 4
const REAL = 0
const FORWARD = 0

// oxlint-disable no-underscore-dangle -- the names are Emscripten's
const wasmFft = (wasm: PffftModule, size: number): RealFft => {
  const setup = wasm._pffft_new_setup(size, REAL)
  const input = wasm._pffft_aligned_malloc(size * FLOAT_BYTES)
  const output = wasm._pffft_aligned_malloc(size * FLOAT_BYTES)
  const work = wasm._pffft_aligned_malloc(size * FLOAT_BYTES)
  let answer = wasm.HEAPF32.subarray(output / FLOAT_BYTES, output / FLOAT_BYTES + size)
  let view = wasm.HEAPF32.subarray(input / FLOAT_BYTES, input / FLOAT_BYTES + size)
  return {
    size,
    get input() {
      if (view.buffer !== wasm.HEAPF32.buffer)
        view = wasm.HEAPF32.subarray(input / FLOAT_BYTES, input / FLOAT_BYTES + size)
      return view
    },
    power(out) {
      wasm._pffft_transform_ordered(setup, input, output, work, FORWARD)
      foldPower(wasm.HEAPF32, output / FLOAT_BYTES, size, out)
    },
    transform(out) {
      wasm._pffft_transform_ordered(setup, input, output, work, FORWARD)
      if (answer.buffer !== wasm.HEAPF32.buffer)
        answer = wasm.HEAPF32.subarray(output / FLOAT_BYTES, output / FLOAT_BYTES + size)
      out.set(answer)
    },
  }
}

// oxlint-enable no-underscore-dangle

/**
 * Loads the SIMD kit. Falls back to the plain one where WebAssembly SIMD or its file is not to be had.
 * A browser bundle passes `locateFile` (the address of `pffft.wasm`) or `wasmBinary`.
 */
export const loadFft = async (options: PffftOptions = {}): Promise<FftKit> => {
  try {
    const { default: make } = await import('@echogarden/pffft-wasm/simd')
    const [wasm, kernels] = await Promise.all([make(options), loadSimd()])
    return cached('pffft', (size) => wasmFft(wasm, size), kernels)
  } catch {
    return plainFft()
  }
}

/** Bit-reversed order of 0..count-1. */
const bitReversal = (count: number): Uint16Array => {
  const order = new Uint16Array(count)
  const bits = Math.log2(count)
  for (let i = 0; i < count; i++) {
    let reversed = 0
    for (let b = 0; b < bits; b++) reversed |= ((i >> b) & 1) << (bits - 1 - b)
    order[i] = reversed
  }
  return order
}

const cosTable = (count: number): { cos: Float64Array; sin: Float64Array } => ({
  cos: Float64Array.from({ length: count }, (_, k) => Math.cos((-2 * Math.PI * k) / count)),
  sin: Float64Array.from({ length: count }, (_, k) => Math.sin((-2 * Math.PI * k) / count)),
})

/** In-place decimation-in-time butterflies over data already in bit-reversed order. */
const butterflies = (re: Float64Array, im: Float64Array, cos: Float64Array, sin: Float64Array) => {
  const count = re.length
  for (let half = 1; half < count; half *= 2) {
    const step = count / (2 * half)
    for (let j = 0, w = 0; j < half; j++, w += step) {
      const c = cos[w]!
      const s = sin[w]!
      for (let a = j; a < count; a += 2 * half) {
        const b = a + half
        const x = re[b]! * c - im[b]! * s
        const y = re[b]! * s + im[b]! * c
        re[b] = re[a]! - x
        im[b] = im[a]! - y
        re[a] = re[a]! + x
        im[a] = im[a]! + y
      }
    }
  }
}

/** Even samples as real, odd ones as imaginary part of one complex FFT of half the size, then unmixed. */
const plainRealFft = (size: number): RealFft => {
  const half = size / 2
  const input = new Float32Array(size)
  const re = new Float64Array(half)
  const im = new Float64Array(half)
  const order = bitReversal(half)
  const inner = cosTable(half)
  const outer = cosTable(size)
  const packed = new Float32Array(size)
  const transform = (out: Float32Array) => {
    for (let i = 0; i < half; i++) {
      re[i] = input[2 * order[i]!]!
      im[i] = input[2 * order[i]! + 1]!
    }
    butterflies(re, im, inner.cos, inner.sin)
    out[0] = re[0]! + im[0]!
    out[1] = re[0]! - im[0]!
    for (let k = 1; k < half; k++) {
      const b = half - k
      const evenRe = (re[k]! + re[b]!) / 2
      const evenIm = (im[k]! - im[b]!) / 2
      const oddRe = (im[k]! + im[b]!) / 2
      const oddIm = (re[b]! - re[k]!) / 2
      const c = outer.cos[k]!
      const s = outer.sin[k]!
      out[2 * k] = evenRe + oddRe * c - oddIm * s
      out[2 * k + 1] = evenIm + oddRe * s + oddIm * c
    }
  }
  const power = (out: Float32Array) => {
    transform(packed)
    foldPower(packed, 0, size, out)
  }
  return { size, input, power, transform }
}

/** The kit that needs nothing: plain TypeScript, double precision inside. */
export const plainFft = (): FftKit => cached('plain', plainRealFft, plainKernels)
