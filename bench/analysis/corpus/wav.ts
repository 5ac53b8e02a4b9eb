/** Mono WAV of 16 bits. */

const HEADER_BYTES = 44

export const writeWav = (mono: Float32Array, sampleRate: number): Buffer => {
  const out = Buffer.alloc(HEADER_BYTES + 2 * mono.length)
  out.write('RIFF')
  out.writeUInt32LE(HEADER_BYTES - 8 + 2 * mono.length, 4)
  out.write('WAVEfmt ', 8)
  out.writeUInt32LE(16, 16)
  out.writeUInt16LE(1, 20)
  out.writeUInt16LE(1, 22)
  out.writeUInt32LE(sampleRate, 24)
  out.writeUInt32LE(2 * sampleRate, 28)
  out.writeUInt16LE(2, 32)
  out.writeUInt16LE(16, 34)
  out.write('data', 36)
  out.writeUInt32LE(2 * mono.length, 40)
  const samples = Int16Array.from(mono, (value) => Math.round(32_767 * Math.max(-1, Math.min(1, value))))
  Buffer.from(samples.buffer).copy(out, HEADER_BYTES)
  return out
}

/** What `writeWav` wrote. */
export const readWav = (file: Buffer): Float32Array => {
  const samples = new Int16Array(file.buffer.slice(file.byteOffset + HEADER_BYTES, file.byteOffset + file.length))
  return Float32Array.from(samples, (value) => value / 32_767)
}
