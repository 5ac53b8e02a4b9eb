/** The kernels of `kernels.ts` in WebAssembly: loading, memory, and the way from arrays to addresses. */
import type { FilterBank } from './filterbank.ts'
import { type BankKernel, type Biquad, calm, type Kernels, STRETCH, type Weigher } from './kernels.ts'
import { FLOAT_BYTES, FUNCTIONS, VECTOR_BYTES } from './simd-code.ts'
import { assemble } from './wasm.ts'

/** 1 MB: what one analysis needs is about a third. */
const PAGES = 16
/** The first bytes stay free, so that no array begins at 0. */
const HEAP_FROM = 64
const DOUBLE_BYTES = 8

type Exports = { memory: { buffer: ArrayBuffer } } & Record<string, (...values: number[]) => number>

/** What is used of the platform's WebAssembly; the types of this project know neither browser nor WebAssembly. */
type Platform = {
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<object>
  Instance: new (module: object) => { exports: Exports }
}

/** Weights of every filter, filled up to whole vectors. */
const planOf = ({ bands, at, from, weights }: FilterBank) => {
  const vectors = Array.from({ length: bands }, (_, b) => Math.max(1, Math.ceil((at[b + 1]! - at[b]!) / 4)))
  const padded = new Float32Array(4 * vectors.reduce((a, b) => a + b, 0))
  let to = 0
  vectors.forEach((count, b) => {
    padded.set(weights.subarray(at[b], at[b + 1]), to)
    to += 4 * count
  })
  return { padded, plan: Int32Array.from(vectors.flatMap((count, b) => [FLOAT_BYTES * from[b]!, count])) }
}

const vectorsIn = (x: Float32Array) => Math.ceil(x.length / 4)

/** One set of kernels with its own memory. */
const kernelsOf = (wasm: Exports): Kernels => {
  let free = HEAP_FROM
  const take = (bytes: number) => {
    const at = free
    free += Math.ceil(bytes / VECTOR_BYTES) * VECTOR_BYTES + VECTOR_BYTES
    if (free > wasm.memory.buffer.byteLength) throw new RangeError('The kernels have no memory left.')
    return at
  }
  const floats = (count: number) => new Float32Array(wasm.memory.buffer, take(count * FLOAT_BYTES), count)
  const bankKernel = (filters: FilterBank): BankKernel => {
    const { padded, plan } = planOf(filters)
    const weights = floats(padded.length)
    weights.set(padded)
    const planAt = take(plan.byteLength)
    new Int32Array(wasm.memory.buffer, planAt, plan.length).set(plan)
    return (bins, out) => void wasm['bank']!(bins.byteOffset, planAt, weights.byteOffset, out.byteOffset, filters.bands)
  }
  const recursion = (f: Biquad, g: Biquad): Weigher => {
    const constants = [f.b0, f.b1, f.b2, f.a1, f.a2, g.a1, g.a2].flatMap((value) => [value, value])
    const constantsAt = take(constants.length * DOUBLE_BYTES)
    new Float64Array(wasm.memory.buffer, constantsAt, constants.length).set(constants)
    const memories = new Float64Array(wasm.memory.buffer, take(8 * DOUBLE_BYTES), 8)
    const weigh = (x: Float32Array, y: Float32Array, from: number, to: number) => {
      if (to <= from) return 0
      const at = (plane: Float32Array) => plane.byteOffset + FLOAT_BYTES * from
      const sum = wasm['weigh']!(at(x), at(y), constantsAt, memories.byteOffset, to - from)
      calm(memories)
      return sum
    }
    return weigh
  }
  const doubles = new Float64Array(wasm.memory.buffer, take(16), 2)
  return {
    floats,
    multiply: (a, at, b, out) =>
      void wasm['multiply']!(a.byteOffset + FLOAT_BYTES * at, b.byteOffset, out.byteOffset, vectorsIn(out)),
    fold(packed, power, magnitude) {
      const half = packed.length / 2
      const [dc, nyquist] = [packed[0]!, packed[1]!]
      wasm['fold']!(packed.byteOffset, power.byteOffset, magnitude.byteOffset, half / 4)
      power[0] = dc * dc
      magnitude[0] = Math.abs(dc)
      power[half] = nyquist * nyquist
      magnitude[half] = Math.abs(nyquist)
    },
    bank: bankKernel,
    logOnePlus: (x, gain) => void wasm['logOnePlus']!(x.byteOffset, gain, vectorsIn(x)),
    decibels: (x, floor) => void wasm['decibels']!(x.byteOffset, floor, vectorsIn(x)),
    rises: (now, before, out) => void wasm['rises']!(now.byteOffset, before.byteOffset, out.byteOffset, vectorsIn(out)),
    split: (pairs, left, right, mono, count) =>
      void wasm['split']!(pairs.byteOffset, left.byteOffset, right.byteOffset, mono.byteOffset, Math.ceil(count / 4)),
    scan(x, peaks, sums) {
      wasm['scan']!(x.byteOffset, peaks.byteOffset, doubles.byteOffset, x.length / STRETCH)
      sums[0] = doubles[0]!
      sums[1] = doubles[1]!
    },
    dot: (x, y) => wasm['dot']!(x.byteOffset, y.byteOffset, x.length / STRETCH),
    decimate: (x, taps, out, count) =>
      void wasm['decimate']!(x.byteOffset, taps.byteOffset, out.byteOffset, count, taps.length / 4),
    weigher: recursion,
    extremes: (x, out, runs) => void wasm['extremes']!(x.byteOffset, out.byteOffset, runs),
  }
}

/** A maker of kernel sets, one for each analysis. Rejects where WebAssembly SIMD is not to be had. */
export const loadSimd = async (): Promise<() => Kernels> => {
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Platform }
  const module = await wasm.compile(assemble(FUNCTIONS, PAGES))
  return () => kernelsOf(new wasm.Instance(module).exports)
}
