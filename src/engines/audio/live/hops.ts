/** Cuts a mono stream of any sample rate into hops of exactly 10 ms on average, with a magnitude spectrum each. */
import type { FftKit } from '#engines/audio/fft.ts'
import { hann } from '#engines/audio/stft.ts'

export const HOPS_PER_SEC = 100
/** The window looks back this far, to the nearest power of two: short, since its middle is what is heard late. */
const WINDOW_SEC = 0.0232
/** What is louder than this is no sound (as in `intake.ts`). */
const SAMPLE_MAX = 8
/** Windows kept in the buffer, so that it is moved rarely. */
const WINDOWS_KEPT = 8

export type Hops = {
  readonly size: number
  /** Calls `onHop` for every hop that is complete: a spectrum that is valid during the call, and all samples so far. */
  push(mono: Float32Array): void
  reset(): void
}

const sane = (value: number) =>
  Math.abs(value) <= SAMPLE_MAX ? value : value > 0 ? SAMPLE_MAX : value < 0 ? -SAMPLE_MAX : 0

export const hopsOf = (
  kit: FftKit,
  sampleRate: number,
  onHop: (magnitude: Float32Array, samples: number) => void,
): Hops => {
  const size = 2 ** Math.round(Math.log2(WINDOW_SEC * sampleRate))
  const fft = kit.realFft(size)
  const window = hann(size)
  const spectrum = new Float32Array(size / 2 + 1)
  const buffer = new Float32Array(WINDOWS_KEPT * size)
  let filled = size
  let samples = 0
  let hop = 1
  const emit = () => {
    const input = fft.input
    const from = filled - size
    for (let i = 0; i < size; i++) input[i] = buffer[from + i]! * window[i]!
    fft.power(spectrum)
    for (let k = 0; k < spectrum.length; k++) spectrum[k] = Math.sqrt(spectrum[k]!)
    onHop(spectrum, samples)
  }
  const keep = (mono: Float32Array, from: number, count: number) => {
    if (filled + count > buffer.length) {
      buffer.copyWithin(0, filled - size, filled)
      filled = size
    }
    for (let i = 0; i < count; i++) buffer[filled + i] = sane(mono[from + i]!)
    filled += count
    samples += count
  }
  return {
    size,
    push(mono) {
      for (let at = 0; at < mono.length; ) {
        const due = Math.round((hop * sampleRate) / HOPS_PER_SEC)
        const count = Math.min(mono.length - at, due - samples)
        keep(mono, at, count)
        at += count
        if (samples < due) return
        emit()
        hop++
      }
    },
    reset() {
      buffer.fill(0)
      filled = size
      samples = 0
      hop = 1
    },
  }
}
