/** Growing flat arrays: what an analysis keeps per frame, amortised, without a box per value. */

export type GrowingF32 = {
  push(value: number): void
  /** Appends `count` values of `from`. */
  append(from: Float32Array, count: number): void
  readonly length: number
  /** A view of what is there; valid until the next push. */
  view(): Float32Array
  /** What is there, given away: afterwards it is empty and holds no memory. */
  release(): Float32Array
}

const CAPACITY_FIRST = 4096

/** @param capacity a guess of the final length, in values; a wrong guess costs only copies. */
export const growingF32 = (capacity = CAPACITY_FIRST): GrowingF32 => {
  let data = new Float32Array(Math.max(16, Math.ceil(capacity)))
  let length = 0
  const reserve = (wanted: number) => {
    if (wanted <= data.length) return
    const larger = new Float32Array(Math.max(wanted, Math.ceil(data.length * 1.5)))
    larger.set(data.subarray(0, length))
    data = larger
  }
  return {
    push(value) {
      if (length === data.length) reserve(length + 1)
      data[length++] = value
    },
    append(from, count) {
      reserve(length + count)
      data.set(count === from.length ? from : from.subarray(0, count), length)
      length += count
    },
    get length() {
      return length
    },
    view: () => data.subarray(0, length),
    release() {
      const all = data.subarray(0, length)
      data = new Float32Array(0)
      length = 0
      return all
    },
  }
}

export type GrowingU8 = {
  /** The low eight bits. */
  push(value: number): void
  append(from: Uint8Array): void
  readonly length: number
  view(): Uint8Array
}

/** The same for bytes. */
export const growingU8 = (capacity = CAPACITY_FIRST): GrowingU8 => {
  let data = new Uint8Array(Math.max(16, Math.ceil(capacity)))
  let length = 0
  const reserve = (wanted: number) => {
    if (wanted <= data.length) return
    const larger = new Uint8Array(Math.max(wanted, Math.ceil(data.length * 1.5)))
    larger.set(data.subarray(0, length))
    data = larger
  }
  return {
    push(value) {
      if (length === data.length) reserve(length + 1)
      data[length++] = value
    },
    append(from) {
      reserve(length + from.length)
      data.set(from, length)
      length += from.length
    },
    get length() {
      return length
    },
    view: () => data.subarray(0, length),
  }
}
