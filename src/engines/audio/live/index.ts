/** The streaming analyser: what is heard now, and when the next beat will be. Runs in browsers as it is. */
import { type FftKit, plainFft } from '#engines/audio/fft.ts'
import { superFlux } from '#engines/audio/flux.ts'
import { bandMeter } from './bands.ts'
import { hopsOf, HOPS_PER_SEC } from './hops.ts'
import { onsetMeter } from './onsets.ts'
import { createPulse } from './pulse.ts'

/** Of one hop of 10 ms. One object, filled anew for every hop: copy what is to be kept. */
export type LiveHop = {
  /** End of the hop, seconds of what was pushed. */
  timeSec: number
  /** Loudness of the regions up to 120, 300, 800, 2400, 6000 Hz and above, 0..1 of what was heard lately. */
  bands: Float32Array
  /** 0..2.5, about 1 at a typical onset of the passage. */
  onsetStrength: number
  /** True in the one hop in which an onset is found, 10 to 20 ms after it sounded. */
  isOnset: boolean
  /** Beats a minute, 45..215; 0 while none is known. */
  bpm: number
  /** 0..1: how sure tempo and phase are; falls in silence. */
  confidence: number
  /** 0..1 from beat to beat, at `timeSec`. */
  phase: number
  /** When the next beat will sound, always later than `timeSec`; 0 while no tempo is known. */
  nextBeatSec: number
  /** True in the one hop within which a predicted beat falls. */
  isBeat: boolean
}

export type LiveOptions = {
  /** Of what is pushed: 8000..384 000. */
  sampleRate: number
  /** From `await loadFft()`; without it the plain TypeScript FFT works, slower. */
  fft?: FftKit
}

export type LiveAnalyzer = {
  /** Mono samples, ±1 full scale, any number. `onHop` hears of every hop that they complete. */
  push(mono: Float32Array, onHop?: (hop: LiveHop) => void): void
  /** The last hop. */
  readonly now: LiveHop
  /** As new. */
  reset(): void
}

const SAMPLE_RATE_MIN = 8000
const SAMPLE_RATE_MAX = 384_000
/**
 * Log-odds of a beat: what each region adds, what a hop next to nothing takes. Chosen on the training part of the
 * corpus: kick and snare say beat, a hat alone says nothing.
 */
const BEAT_WEIGHTS = [0.78, 0.46, 0.1, 0.52, 0.1, -0.07] as const
const EVIDENCE_COST = 0.29
/** How late an onset shows, seconds: half of the window and of the rise. */
const DELAY_SEC = 0.012
/** After this long without an onset the music rests: hops say nothing, and confidence fades over as long again. */
const REST_HOPS = 150
/** Hops before this belief in a tempo are not told. */
const BELIEF_MIN = 0.1
/** A beat this near is no longer moved. */
const SETTLED_SEC = 0.05
/** Two beats are at least this share of a period apart. */
const APART_SHARE = 0.6
/** Quieter than −60 dB of full scale in every region: silence. */
const AUDIBLE_MAGNITUDE = 1e-3

const isAudible = (magnitude: Float32Array, size: number) => {
  const least = AUDIBLE_MAGNITUDE * (size / 4)
  for (let k = 1; k < magnitude.length; k++) if (magnitude[k]! > least) return true
  return false
}

const beatOdds = (regions: Float64Array) => {
  let sum = -EVIDENCE_COST
  for (let r = 0; r < BEAT_WEIGHTS.length; r++) sum += BEAT_WEIGHTS[r]! * regions[r]!
  return sum
}

/** Turns belief about the pulse into times of beats that are told once and in order. */
const beatTeller = () => {
  let settled = 0
  let told = 0
  return {
    /** The next beat after `now`, given where belief puts it. Settles it when it is near. */
    next(now: number, expected: number, periodSec: number) {
      if (settled > now) return settled
      let at = expected
      while (at <= now || at < settled + APART_SHARE * periodSec) at += periodSec
      if (at - now <= SETTLED_SEC) settled = at
      return at
    },
    /** Whether a settled beat lies within the hop that ends at `now`. */
    falls(now: number) {
      if (settled === told || settled > now) return false
      told = settled
      return true
    },
    reset() {
      settled = told = 0
    },
  }
}

/** Throws a RangeError for a sample rate it is not made for. */
export const createLiveAnalyzer = ({ sampleRate, fft = plainFft() }: LiveOptions): LiveAnalyzer => {
  if (!(sampleRate >= SAMPLE_RATE_MIN && sampleRate <= SAMPLE_RATE_MAX))
    throw new RangeError(`Sample rate ${String(sampleRate)} is not within ${SAMPLE_RATE_MIN}..${SAMPLE_RATE_MAX} Hz.`)
  const onsets = onsetMeter()
  const pulse = createPulse()
  const beats = beatTeller()
  let sinceOnset = 2 * REST_HOPS
  let listener: ((hop: LiveHop) => void) | undefined

  const hear = (magnitude: Float32Array, samples: number) => {
    now.timeSec = samples / sampleRate
    meter.push(magnitude)
    onsets.push(flux(magnitude), isAudible(magnitude, hops.size))
    sinceOnset = onsets.onset ? 0 : sinceOnset + 1
    pulse.hear(sinceOnset < REST_HOPS ? beatOdds(onsets.regions) : 0)
    now.onsetStrength = onsets.strength
    now.isOnset = onsets.onset
    tellBeat()
    listener?.(now)
  }
  const tellBeat = () => {
    const awake = Math.max(0, Math.min(1, 2 - sinceOnset / REST_HOPS))
    now.confidence = pulse.reading.belief * awake
    now.isBeat = beats.falls(now.timeSec)
    const known = now.confidence >= BELIEF_MIN
    now.bpm = known ? (60 * HOPS_PER_SEC) / pulse.reading.period : 0
    const periodSec = pulse.reading.period / HOPS_PER_SEC
    const expected = now.timeSec + periodSec - pulse.reading.since / HOPS_PER_SEC - DELAY_SEC
    now.nextBeatSec = known ? beats.next(now.timeSec, expected, periodSec) : 0
    const left = (now.nextBeatSec - now.timeSec) / periodSec
    now.phase = known ? Math.max(0, 1 - left) : 0
  }
  const hops = hopsOf(fft, sampleRate, hear)
  let flux = superFlux(sampleRate, hops.size)
  const meter = bandMeter(sampleRate, hops.size)
  const now: LiveHop = {
    timeSec: 0,
    bands: meter.bands,
    onsetStrength: 0,
    isOnset: false,
    bpm: 0,
    confidence: 0,
    phase: 0,
    nextBeatSec: 0,
    isBeat: false,
  }
  return {
    now,
    push(mono, onHop) {
      listener = onHop
      hops.push(mono)
      listener = undefined
    },
    reset() {
      for (const part of [hops, meter, onsets, pulse, beats]) part.reset()
      Object.assign(now, { timeSec: 0, onsetStrength: 0, isOnset: false, bpm: 0 })
      Object.assign(now, { confidence: 0, phase: 0, nextBeatSec: 0, isBeat: false })
      sinceOnset = 2 * REST_HOPS
      flux = superFlux(sampleRate, hops.size)
    },
  }
}
