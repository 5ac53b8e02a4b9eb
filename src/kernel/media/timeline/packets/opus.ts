// RFC 6716, section 3.1: samples of one frame by configuration, at 48 kHz.
const SILK_SAMPLES = [480, 960, 1920, 2880]
const HYBRID_SAMPLES = [480, 960]
const CELT_SAMPLES = [120, 240, 480, 960]

/** Samples of a packet, by its first two bytes. */
export function opusSamplesOf([toc = 0, count = 0]: Uint8Array): number {
  const config = toc >> 3
  const table = config < 12 ? SILK_SAMPLES : config < 16 ? HYBRID_SAMPLES : CELT_SAMPLES
  const frames = (toc & 3) === 0 ? 1 : (toc & 3) === 3 ? count & 63 : 2
  return frames * (table[config % table.length] ?? 0)
}
