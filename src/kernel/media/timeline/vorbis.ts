/** Bits of one mode in the set-up header: block flag, window type, transform type, mapping. */
const MODE_BITS = 1 + 16 + 16 + 8
const MODES_MAX = 64
const MAPPING_MAX = 63
/** The end of a set-up header that holds all modes. */
export const SETUP_TAIL_BYTES = Math.ceil((MODE_BITS * MODES_MAX + 8) / 8)

/** Reads bits from the end of the bytes to their front, as numbers that were written the other way. */
function bitsBackwards(bytes: Uint8Array) {
  let left = bytes.length * 8
  const read = (count: number): number => {
    let value = 0
    for (let i = 0; i < count; i++) {
      left--
      value = value * 2 + (((bytes[left >> 3] ?? 0) >> (left & 7)) & 1)
    }
    return value
  }
  const peek = (count: number): number => {
    const value = read(count)
    left += count
    return value
  }
  return { read, peek, left: () => left }
}

/**
 * Which modes have long blocks, from the end of the set-up header: its codebooks would have to be unpacked to come to
 * its modes from the front. Undefined when no list of modes stands there.
 */
export function longModes(setupTail: Uint8Array): boolean[] | undefined {
  const bits = bitsBackwards(setupTail)
  while (bits.left() > MODE_BITS && bits.read(1) === 0);
  const modes: boolean[] = []
  let found: boolean[] | undefined
  while (bits.left() >= MODE_BITS + 6 && modes.length < MODES_MAX) {
    const isMode = bits.read(8) <= MAPPING_MAX && bits.read(16) === 0 && bits.read(16) === 0
    if (!isMode) break
    modes.unshift(bits.read(1) === 1)
    // The number of modes, less one, stands before them.
    if (bits.peek(6) + 1 === modes.length) found = [...modes]
  }
  return found
}

/** Samples that a decoder gives of these packets, the first of which gives none. */
export function vorbisSamples(
  packets: readonly Uint8Array[],
  { modes, sizes }: { modes: readonly boolean[]; sizes: { short: number; long: number } },
): number {
  const modeBits = 32 - Math.clz32(modes.length - 1)
  const blocks = packets.map(([byte = 0]) => (modes[(byte >> 1) & ((1 << modeBits) - 1)] ? sizes.long : sizes.short))
  return blocks.reduce((sum, size, i) => (i === 0 ? 0 : sum + ((blocks[i - 1] ?? 0) + size) / 4), 0)
}
