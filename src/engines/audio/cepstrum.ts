/**
 * Mel-frequency cepstral coefficients by librosa 0.11: `mfcc(n_mfcc=20, n_mels=128, dct_type=2, norm="ortho",
 * lifter=0)` of 128 Slaney mel bands from 0 Hz to half the sample rate.
 */
import { type FilterBank, melBank } from './filterbank.ts'

export const MEL_BANDS = 128
export const MFCC_COUNT = 20

export const melBankOf = (sampleRate: number, fftSize: number): FilterBank => melBank(sampleRate, fftSize, MEL_BANDS)

/** Orthonormal DCT-II: `count` rows of `MEL_BANDS`. */
export const dctRows = (count: number) =>
  Float32Array.from({ length: count * MEL_BANDS }, (_, i) => {
    const k = Math.floor(i / MEL_BANDS)
    const scale = Math.sqrt((k === 0 ? 1 : 2) / MEL_BANDS)
    return scale * Math.cos((Math.PI * k * ((i % MEL_BANDS) + 0.5)) / MEL_BANDS)
  })

/** As many coefficients as `dct` has rows, of the mel bands in dB in `mel` from `at`, into `out` from `outAt`. */
export const cepstrum = (dct: Float32Array, mel: Float32Array, at: number, out: Float32Array, outAt: number) => {
  const count = dct.length / MEL_BANDS
  for (let c = 0; c < count; c++) {
    const row = c * MEL_BANDS
    let a = 0
    let b = 0
    for (let i = 0; i < MEL_BANDS; i += 2) {
      a += mel[at + i]! * dct[row + i]!
      b += mel[at + i + 1]! * dct[row + i + 1]!
    }
    out[outAt + c] = a + b
  }
}
