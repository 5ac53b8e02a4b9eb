import { AAC_RATES_HZ } from '../mp4-coding.ts'

const SPECTRAL_BAND_REPLICATION = 5
const PARAMETRIC_STEREO = 29

/** The rate that a decoder gives where the config says that it is another than that of the core (HE-AAC). */
export function explicitRateHz(config: Uint8Array): number | undefined {
  const objectType = (config[0] ?? 0) >> 3
  if (objectType !== SPECTRAL_BAND_REPLICATION && objectType !== PARAMETRIC_STEREO) return undefined
  // 5 bits of type, 4 of the core's rate, 4 of channels, 4 of the rate
  return AAC_RATES_HZ[(((config[1] ?? 0) & 7) << 1) | ((config[2] ?? 0) >> 7)]
}
