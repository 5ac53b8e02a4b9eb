/**
 * An assembler for small WebAssembly modules: enough for `simd.ts`, and no more. Code is bytes in the order of the
 * stack machine; every helper takes the code of its operands and gives their code followed by its own.
 */

export type Code = readonly number[]
export type ValueType = 'i32' | 'f32' | 'f64' | 'v128'

/** One exported function: parameters first, then locals, numbered through. */
export type WasmFunction = {
  name: string
  params: readonly ValueType[]
  locals: readonly ValueType[]
  result?: ValueType
  body: Code
}

const TYPE_CODES: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** LEB128, unsigned. */
const u32 = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u32(value >>> 7)])

/** LEB128, signed. */
const s32 = (value: number): number[] =>
  value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...s32(value >> 7)]

const bytesOf = (array: ArrayBufferView) => [...new Uint8Array(array.buffer, array.byteOffset, array.byteLength)]

export const get = (index: number): Code => [0x20, ...u32(index)]
export const set = (index: number, value: Code): Code => [...value, 0x21, ...u32(index)]
export const i32 = (value: number): Code => [0x41, ...s32(value)]
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a]
export const sub = (a: Code, b: Code): Code => [...a, ...b, 0x6b]
/** Adds a constant to a local. */
export const bump = (index: number, by: number): Code => set(index, add(get(index), i32(by)))

export const block = (...codes: Code[]): Code => codes.flat()
/** Runs `body` until the local, one less each time, is 0; at least once. */
export const repeat = (count: number, ...body: Code[]): Code => [
  0x03,
  0x40,
  ...body.flat(),
  ...set(count, sub(get(count), i32(1))),
  ...get(count),
  0x0d,
  0x00,
  0x0b,
]

const plain =
  (opcode: number) =>
  (...operands: Code[]): Code => [...operands.flat(), opcode]
const simd =
  (opcode: number) =>
  (...operands: Code[]): Code => [...operands.flat(), 0xfd, ...u32(opcode)]
/** Memory access without promise of alignment, so many bytes beyond the address. */
const access =
  (opcode: readonly number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...u32(offset)]

export const loadI32 = access([0x28])
export const load = access([0xfd, 0x00])
/** Two singles into the lower half, zeros above; one single into all four lanes. */
export const loadPair = access([0xfd, 0x5d])
export const loadSplat = access([0xfd, 0x09])
export const store = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  0xfd,
  0x0b,
  0,
  ...u32(offset),
]
export const storeF32 = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  0x38,
  0,
  ...u32(offset),
]
export const storeF64 = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  0x39,
  0,
  ...u32(offset),
]

/** A constant with the same single (or integer) in every lane. */
export const all = (value: number): Code => [0xfd, 0x0c, ...bytesOf(new Float32Array(4).fill(value))]
export const allInts = (value: number): Code => [0xfd, 0x0c, ...bytesOf(new Int32Array(4).fill(value))]
export const splat = simd(0x13)
export const splatF64 = simd(0x14)
/** Lanes of singles out of two vectors, 0..3 of the first, 4..7 of the second. */
export const shuffle = (a: Code, b: Code, lanes: readonly number[]): Code => [
  ...a,
  ...b,
  0xfd,
  0x0d,
  ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
]
export const laneF32 = (value: Code, lane: number): Code => [...value, 0xfd, 0x1f, lane]
export const laneF64 = (value: Code, lane: number): Code => [...value, 0xfd, 0x21, lane]

export const f32x4 = {
  abs: simd(0xe0),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  min: simd(0xe8),
  max: simd(0xe9),
  ofInts: simd(0xfa),
}
export const f64x2 = { add: simd(0xf0), sub: simd(0xf1), mul: simd(0xf2), ofLower: simd(0x5f) }
export const i32x4 = { add: simd(0xae), sub: simd(0xb1), and: simd(0x4e) }
export const shiftRight = (value: Code, bits: number): Code => [...value, ...i32(bits), 0xfd, ...u32(0xac)]
export const addF64 = plain(0xa0)

const section = (id: number, content: Code): Code => [id, ...u32(content.length), ...content]
const vector = (items: readonly Code[]): Code => [...u32(items.length), ...items.flat()]
const nameOf = (name: string): Code => vector(Array.from(new TextEncoder().encode(name), (byte) => [byte]))

/** A module with these functions and its own memory of so many pages of 64 kB, exported as `memory`. */
export const assemble = (functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> => {
  const types = functions.map(({ params, result }) => [
    0x60,
    ...vector(params.map((type) => [TYPE_CODES[type]])),
    ...vector(result ? [[TYPE_CODES[result]]] : []),
  ])
  const exports = functions.map(({ name }, i) => [...nameOf(name), 0, ...u32(i)])
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, TYPE_CODES[type]])), ...body, 0x0b]
    return [...u32(code.length), ...code]
  })
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, vector(types)),
    ...section(3, vector(functions.map((_, i) => u32(i)))),
    ...section(5, [1, 1, ...u32(pages), ...u32(pages)]),
    ...section(7, vector([...exports, [...nameOf('memory'), 2, 0]])),
    ...section(10, vector(bodies)),
  ])
}
