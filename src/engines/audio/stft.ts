/** Framing: cuts a mono stream into overlapping Hann-windowed frames and hands out their power spectra. */
import type { FftKit } from './fft.ts'
import type { Kernels } from './kernels.ts'

export type Stft = {
  /** Any number of samples. */
  push(samples: Float32Array): void
  /** Pads with zeros until 1 + floor(samples / hop) frames were handed out. */
  finish(): void
}

/**
 * A power spectrum (size/2 + 1 values), where its samples lie in `heard`, and its magnitudes: valid during the call only.
 * Spectra lie in the memory of the kernels.
 */
export type OnFrame = (
  power: Float32Array,
  heard: Float32Array,
  from: number,
  to: number,
  magnitude: Float32Array,
) => void

/** The periodic Hann window, as scipy and librosa use for spectra. */
export const hann = (size: number) =>
  Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))

/**
 * Frame k is centred on sample k · hop (zeros before the beginning), as librosa's `center=True, pad_mode='constant'`.
 * `onFrame` hears of no sample before the first or after the last: at both ends `to − from` is less than `size`.
 */
export const stft = (
  kit: FftKit,
  size: number,
  hop: number,
  onFrame: OnFrame,
  kernels: Kernels = kit.kernels(),
): Stft => {
  const fft = kit.realFft(size)
  const window = kernels.floats(size)
  window.set(hann(size))
  const windowed = kernels.floats(size)
  const packed = kernels.floats(size)
  const power = kernels.floats(size / 2 + 1)
  const magnitude = kernels.floats(size / 2 + 1)
  const buffer = kernels.floats(size + 16 * hop)
  let filled = size / 2
  let samples = 0
  /** Of the next frame; the first begin before the first sample. */
  let start = -size / 2
  const drain = () => {
    let at = 0
    for (; at + size <= filled; at += hop, start += hop) {
      kernels.multiply(buffer, at, window, windowed)
      fft.input.set(windowed)
      fft.transform(packed)
      kernels.fold(packed, power, magnitude)
      onFrame(power, buffer, at + Math.max(0, -start), at + Math.min(size, samples - start), magnitude)
    }
    buffer.copyWithin(0, at, filled)
    filled -= at
  }
  const push = (input: Float32Array) => {
    for (let from = 0; from < input.length; ) {
      const count = Math.min(input.length - from, buffer.length - filled)
      buffer.set(input.subarray(from, from + count), filled)
      filled += count
      from += count
      drain()
    }
  }
  return {
    push(input) {
      samples += input.length
      push(input)
    },
    finish() {
      // Frame k needs all up to sample k · hop + size / 2; the last is k = floor(samples / hop).
      if (samples > 0) push(new Float32Array(size / 2 - (samples % hop)))
    },
  }
}
