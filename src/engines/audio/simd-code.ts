/** The kernels as WebAssembly functions, four values at a time, written in the helpers of `wasm.ts`. */
import { RUN, STRETCH } from './kernels.ts'
import {
  add,
  all,
  allInts,
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
  loadSplat,
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

export const VECTOR_BYTES = 16
export const FLOAT_BYTES = 4
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

/** Addresses now, before, out; vectors. */
const rises: WasmFunction = {
  name: 'rises',
  params: ['i32', 'i32', 'i32', 'i32'],
  locals: ['v128'],
  body: repeat(
    3,
    set(4, f32x4.max(load(get(1)), load(get(1), FLOAT_BYTES))),
    set(4, f32x4.max(get(4), load(add(get(1), i32(-FLOAT_BYTES))))),
    store(get(2), f32x4.max(all(0), f32x4.sub(load(get(0)), get(4)))),
    bump(0, VECTOR_BYTES),
    bump(1, VECTOR_BYTES),
    bump(2, VECTOR_BYTES),
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

/** Addresses x, y; stretches of 32 values. The sum of their products. */
const dot: WasmFunction = {
  name: 'dot',
  params: ['i32', 'i32', 'i32'],
  locals: ['i32', 'v128', 'v128'],
  result: 'f64',
  body: block(
    repeat(
      2,
      set(4, all(0)),
      set(3, i32(STRETCH / 4)),
      repeat(
        3,
        set(4, f32x4.add(get(4), f32x4.mul(load(get(0)), load(get(1))))),
        bump(0, VECTOR_BYTES),
        bump(1, VECTOR_BYTES),
      ),
      widen(5, 4),
    ),
    doubleSum(5),
  ),
}

/** Addresses x, taps, out; answers, vectors of taps. Every answer begins four values after the one before. */
const decimate: WasmFunction = {
  name: 'decimate',
  params: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: ['i32', 'i32', 'i32', 'v128'],
  body: repeat(
    3,
    set(5, get(0)),
    set(6, get(1)),
    set(7, get(4)),
    set(8, all(0)),
    repeat(
      7,
      set(8, f32x4.add(get(8), f32x4.mul(load(get(5)), load(get(6))))),
      bump(5, VECTOR_BYTES),
      bump(6, VECTOR_BYTES),
    ),
    storeF32(get(2), across(8, get(8))),
    bump(0, VECTOR_BYTES),
    bump(2, FLOAT_BYTES),
  ),
}

const times = (a: number, b: number) => f64x2.mul(get(a), get(b))

/** Bytes of one constant of `weigh` and of one of its memories: a double for each channel. */
const PAIR_BYTES = 16

/**
 * Addresses x, y, constants (b0 b1 b2 a1 a2 of the first section, a1 a2 of the second, each twice), memories (s0 s1 of
 * both); values. Two sections in a row, x in the lower lane and y in the upper: sum of squares of what comes out.
 */
const weigh: WasmFunction = {
  name: 'weigh',
  params: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: Array.from({ length: 14 }, () => 'v128' as const),
  result: 'f64',
  body: (() => {
    const [b0, b1, b2, a1, a2, c1, c2] = [5, 6, 7, 8, 9, 10, 11] as const
    const [s0, s1, s2, s3, value, between, sum] = [12, 13, 14, 15, 16, 17, 18] as const
    return block(
      ...[b0, b1, b2, a1, a2, c1, c2].map((local, i) => set(local, load(get(2), i * PAIR_BYTES))),
      ...[s0, s1, s2, s3].map((local, i) => set(local, load(get(3), i * PAIR_BYTES))),
      repeat(
        4,
        set(value, f64x2.ofLower(shuffle(loadSplat(get(0)), loadSplat(get(1)), [0, 4, 0, 4]))),
        set(between, f64x2.add(times(b0, value), get(s0))),
        set(s0, f64x2.sub(f64x2.add(times(b1, value), get(s1)), times(a1, between))),
        set(s1, f64x2.sub(times(b2, value), times(a2, between))),
        set(value, f64x2.add(get(between), get(s2))),
        set(s2, f64x2.sub(f64x2.sub(get(s3), f64x2.add(get(between), get(between))), times(c1, value))),
        set(s3, f64x2.sub(get(between), times(c2, value))),
        set(sum, f64x2.add(get(sum), times(value, value))),
        bump(0, FLOAT_BYTES),
        bump(1, FLOAT_BYTES),
      ),
      ...[s0, s1, s2, s3].map((local, i) => store(get(3), get(local), i * PAIR_BYTES)),
      doubleSum(sum),
    )
  })(),
}

export const FUNCTIONS = [
  multiply,
  fold,
  bank,
  logOnePlus,
  decibels,
  rises,
  split,
  scan,
  extremes,
  dot,
  decimate,
  weigh,
]
