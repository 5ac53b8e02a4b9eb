/** The kernels of `kernels.ts` in WebAssembly, four values at a time. Written in the helpers of `wasm.ts`. */
import type { FilterBank } from './filterbank.ts'
import { type BankKernel, type Kernels, RUN, STRETCH } from './kernels.ts'
import {
  add,
  all,
  allInts,
  assemble,
  block,
  bump,
  type Code,
  f32x4,
  f64x2,
  get,
  i32,
  i32x4,
  laneF32,
  laneF64,
  load,
  loadI32,
  repeat,
  set,
  shiftRight,
  shuffle,
  splat,
  store,
  storeF32,
  storeF64,
  type WasmFunction,
} from './wasm.ts'

const VECTOR_BYTES = 16
const FLOAT_BYTES = 4
/** 1 MB: what one analysis needs is about a third. */
const PAGES = 16
/** The first bytes stay free, so that no array begins at 0. */
const HEAP_FROM = 64

/** The sum (or `fold`) of all four lanes, in lane 0; `at` is a v128 local to work in. */
const across = (at: number, value: Code, fold = f32x4.add): Code =>
  block(
    set(at, value),
    set(at, fold(get(at), shuffle(get(at), get(at), [2, 3, 0, 1]))),
    laneF32(fold(get(at), shuffle(get(at), get(at), [1, 0, 3, 2])), 0),
  )

/** Addresses a, b, out; vectors. */
const multiply: WasmFunction = {
  name: 'multiply',
  params: ['i32', 'i32', 'i32', 'i32'],
  locals: [],
  body: repeat(
    3,
    store(get(2), f32x4.mul(load(get(0)), load(get(1)))),
    bump(0, VECTOR_BYTES),
    bump(1, VECTOR_BYTES),
    bump(2, VECTOR_BYTES),
  ),
}

/** Addresses packed, power, magnitude; vectors of the answer. DC and Nyquist are mended by the caller. */
const fold: WasmFunction = {
  name: 'fold',
  params: ['i32', 'i32', 'i32', 'i32'],
  locals: ['v128', 'v128', 'v128'],
  body: repeat(
    3,
    set(4, load(get(0))),
    set(5, load(get(0), VECTOR_BYTES)),
    set(6, shuffle(get(4), get(5), [0, 2, 4, 6])),
    set(5, shuffle(get(4), get(5), [1, 3, 5, 7])),
    set(4, f32x4.add(f32x4.mul(get(6), get(6)), f32x4.mul(get(5), get(5)))),
    store(get(1), get(4)),
    store(get(2), f32x4.sqrt(get(4))),
    bump(0, 2 * VECTOR_BYTES),
    bump(1, VECTOR_BYTES),
    bump(2, VECTOR_BYTES),
  ),
}

/** Addresses bins, plan (pairs of integers: byte offset of the first bin, vectors), weights, out; filters. */
const bank: WasmFunction = {
  name: 'bank',
  params: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: ['i32', 'i32', 'v128'],
  body: repeat(
    4,
    set(5, add(get(0), loadI32(get(1)))),
    set(6, loadI32(get(1), 4)),
    set(7, all(0)),
    repeat(
      6,
      set(7, f32x4.add(get(7), f32x4.mul(load(get(5)), load(get(2))))),
      bump(5, VECTOR_BYTES),
      bump(2, VECTOR_BYTES),
    ),
    storeF32(get(3), across(7, get(7))),
    bump(1, 2 * FLOAT_BYTES),
    bump(3, FLOAT_BYTES),
  ),
}

/** Cephes' `logf`: |error| under 2e-7 of the answer or of 1. */
const LOG_TERMS = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
]
const ONE_BITS = 0x3f80_0000
const ROOT_HALF_BITS = 0x3f35_04f3
const MANTISSA = 0x007f_ffff

/** Natural logarithm of v128 local `x` (positive, normal) into itself; `e` and `y` are locals to work in. */
const logarithm = (x: number, e: number, y: number): Code =>
  block(
    set(y, i32x4.add(get(x), allInts(ONE_BITS - ROOT_HALF_BITS))),
    set(e, f32x4.ofInts(i32x4.sub(shiftRight(get(y), 23), allInts(127)))),
    set(x, f32x4.sub(i32x4.add(i32x4.and(get(y), allInts(MANTISSA)), allInts(ROOT_HALF_BITS)), all(1))),
    set(y, all(LOG_TERMS[0]!)),
    ...LOG_TERMS.slice(1).map((term) => set(y, f32x4.add(f32x4.mul(get(y), get(x)), all(term)))),
    set(y, f32x4.sub(f32x4.mul(get(y), get(x)), all(0.5))),
    set(y, f32x4.add(f32x4.mul(f32x4.mul(get(x), get(x)), get(y)), get(x))),
    set(x, f32x4.add(get(y), f32x4.mul(get(e), all(Math.LN2)))),
  )

/** Address x, gain; vectors. */
const logOnePlus: WasmFunction = {
  name: 'logOnePlus',
  params: ['i32', 'f32', 'i32'],
  locals: ['v128', 'v128', 'v128'],
  body: repeat(
    2,
    set(3, f32x4.add(all(1), f32x4.mul(load(get(0)), splat(get(1))))),
    logarithm(3, 4, 5),
    store(get(0), get(3)),
    bump(0, VECTOR_BYTES),
  ),
}

/** Address x, floor; vectors. */
const decibels: WasmFunction = {
  name: 'decibels',
  params: ['i32', 'f32', 'i32'],
  locals: ['v128', 'v128', 'v128'],
  body: repeat(
    2,
    set(3, f32x4.max(load(get(0)), splat(get(1)))),
    logarithm(3, 4, 5),
    store(get(0), f32x4.mul(get(3), all(10 / Math.LN10))),
    bump(0, VECTOR_BYTES),
  ),
}

/** Addresses pairs, left, right, mono; vectors of each plane. */
const split: WasmFunction = {
  name: 'split',
  params: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: ['v128', 'v128', 'v128'],
  body: repeat(
    4,
    set(5, load(get(0))),
    set(6, load(get(0), VECTOR_BYTES)),
    set(7, shuffle(get(5), get(6), [0, 2, 4, 6])),
    set(6, shuffle(get(5), get(6), [1, 3, 5, 7])),
    store(get(1), get(7)),
    store(get(2), get(6)),
    store(get(3), f32x4.mul(all(0.5), f32x4.add(get(7), get(6)))),
    bump(0, 2 * VECTOR_BYTES),
    bump(1, VECTOR_BYTES),
    bump(2, VECTOR_BYTES),
    bump(3, VECTOR_BYTES),
  ),
}

/** Adds all four lanes of a vector of singles to a vector of doubles. */
const widen = (sum: number, value: number): Code =>
  block(
    set(sum, f64x2.add(get(sum), f64x2.ofLower(get(value)))),
    set(sum, f64x2.add(get(sum), f64x2.ofLower(shuffle(get(value), get(value), [2, 3, 2, 3])))),
  )

const doubleSum = (value: number): Code => block(laneF64(get(value), 0), laneF64(get(value), 1), [0xa0])

/** Addresses x, peaks, sums (two doubles: sum, squares); stretches. Singles are summed over one stretch only. */
const scan: WasmFunction = {
  name: 'scan',
  params: ['i32', 'i32', 'i32', 'i32'],
  locals: ['i32', 'v128', 'v128', 'v128', 'v128', 'v128', 'v128'],
  body: block(
    repeat(
      3,
      set(5, all(0)),
      set(6, all(0)),
      set(7, all(0)),
      set(4, i32(STRETCH / 4)),
      repeat(
        4,
        set(8, load(get(0))),
        set(5, f32x4.max(get(5), f32x4.abs(get(8)))),
        set(6, f32x4.add(get(6), get(8))),
        set(7, f32x4.add(get(7), f32x4.mul(get(8), get(8)))),
        bump(0, VECTOR_BYTES),
      ),
      widen(9, 6),
      widen(10, 7),
      storeF32(get(1), across(8, get(5), f32x4.max)),
      bump(1, FLOAT_BYTES),
    ),
    storeF64(get(2), doubleSum(9)),
    storeF64(get(2), doubleSum(10), 8),
  ),
}

/** Addresses x, out; runs. The last vector of a run overlaps the one before. */
const extremes: WasmFunction = {
  name: 'extremes',
  params: ['i32', 'i32', 'i32'],
  locals: ['i32', 'v128', 'v128', 'v128'],
  body: repeat(
    2,
    set(4, load(get(0))),
    set(5, get(4)),
    set(3, i32((RUN - 3) / 4)),
    repeat(
      3,
      set(6, load(get(0))),
      set(4, f32x4.min(get(4), get(6))),
      set(5, f32x4.max(get(5), get(6))),
      bump(0, VECTOR_BYTES),
    ),
    bump(0, 3 * FLOAT_BYTES),
    set(6, load(add(get(0), i32(-VECTOR_BYTES)))),
    storeF32(get(1), across(4, f32x4.min(get(4), get(6)), f32x4.min)),
    storeF32(get(1), across(5, f32x4.max(get(5), get(6)), f32x4.max), FLOAT_BYTES),
    bump(1, 2 * FLOAT_BYTES),
  ),
}

const FUNCTIONS = [multiply, fold, bank, logOnePlus, decibels, split, scan, extremes]

type Exports = { memory: { buffer: ArrayBuffer } } & Record<string, (...values: number[]) => void>

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
    return (bins, out) => wasm['bank']!(bins.byteOffset, planAt, weights.byteOffset, out.byteOffset, filters.bands)
  }
  const doubles = new Float64Array(wasm.memory.buffer, take(16), 2)
  return {
    floats,
    multiply: (a, at, b, out) =>
      wasm['multiply']!(a.byteOffset + FLOAT_BYTES * at, b.byteOffset, out.byteOffset, vectorsIn(out)),
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
    logOnePlus: (x, gain) => wasm['logOnePlus']!(x.byteOffset, gain, vectorsIn(x)),
    decibels: (x, floor) => wasm['decibels']!(x.byteOffset, floor, vectorsIn(x)),
    split: (pairs, left, right, mono, count) =>
      wasm['split']!(pairs.byteOffset, left.byteOffset, right.byteOffset, mono.byteOffset, Math.ceil(count / 4)),
    scan(x, peaks, sums) {
      wasm['scan']!(x.byteOffset, peaks.byteOffset, doubles.byteOffset, x.length / STRETCH)
      sums[0] = doubles[0]!
      sums[1] = doubles[1]!
    },
    extremes: (x, out, runs) => wasm['extremes']!(x.byteOffset, out.byteOffset, runs),
  }
}

/** A maker of kernel sets, one for each analysis. Rejects where WebAssembly SIMD is not to be had. */
export const loadSimd = async (): Promise<() => Kernels> => {
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Platform }
  const module = await wasm.compile(assemble(FUNCTIONS, PAGES))
  return () => kernelsOf(new wasm.Instance(module).exports)
}
