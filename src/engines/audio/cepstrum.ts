/**
 * Mel-frequency cepstral coefficients by librosa 0.11: `mfcc(n_mfcc=20, n_mels=128, dct_type=2, norm="ortho",
 * lifter=0)` of 128 Slaney mel bands from 0 Hz to half the sample rate.
 */
import { type FilterBank, melBank, runsBank } from './filterbank.ts'

export const MEL_BANDS = 128
export const MFCC_COUNT = 20

export const melBankOf = (sampleRate: number, fftSize: number): FilterBank => melBank(sampleRate, fftSize, MEL_BANDS)

/** Orthonormal DCT-II of the mel bands: a filter for each of the first `count` coefficients. */
export const dctBank = (count: number): FilterBank =>
  runsBank(
    Array.from({ length: count }, (_, k) => {
      const scale = Math.sqrt((k === 0 ? 1 : 2) / MEL_BANDS)
      const weights = Float32Array.from(
        { length: MEL_BANDS },
        (__, i) => scale * Math.cos((Math.PI * k * (i + 0.5)) / MEL_BANDS),
      )
      return { from: 0, weights }
    }),
  )
