/**
 * Where in the beat are we? The forward algorithm of the bar-pointer model (Krebs, Böck & Widmer 2015), one hop at a
 * time. State: (beat period, hops since the beat). Inside a beat the pointer only moves on, so nothing is moved at
 * all: what was born at hop s waits at place s mod period until its beat is over. There it is spread over neighbouring
 * periods and born again.
 */
import { PERIODS } from '#engines/audio/tempo.ts'
import { PERIOD_OF, PRIOR, type Reading, readAround, spread, STARTS, STATES } from './states.ts'

/** Hops after its beginning in which a beat shows. */
const BEAT_HOPS = 3
/** Share of all belief that is born anew in every hop, anywhere: how fast a new pulse is taken up. */
const BIRTH_SHARE = 2e-4
/** Periods this near are one tempo. */
const SAME_SHARE = 0.06
/** Another tempo has to be this much likelier than the one followed. */
const SWITCH_FACTOR = 1.6

export type Pulse = {
  /** @param logOdds of a beat in this hop against none; 0 says nothing. */
  hear(logOdds: number): void
  /** Period (hops, 0 before anything was heard), hops since the beat, share of belief in both; one object. */
  readonly reading: Readonly<Reading>
  reset(): void
}

/** Rows on either side that are the same tempo. */
const reachOf = (row: number) => Math.max(1, Math.round(SAME_SHARE * PERIOD_OF[row]!))

export const createPulse = (): Pulse => {
  const mass = new Float64Array(STATES)
  const share = new Float64Array(PERIODS)
  const arrived = new Float64Array(PERIODS)
  const born = new Float64Array(PERIODS)
  let hop = 0
  let followed = -1
  const reading: Reading = { period: 0, since: 0, belief: 0 }

  /** Ends and begins beats at this hop, then weighs those that are in their first hops. */
  const move = (factor: number) => {
    for (let i = 0; i < PERIODS; i++) arrived[i] = mass[STARTS[i]! + (hop % PERIOD_OF[i]!)]!
    spread(arrived, born)
    for (let i = 0; i < PERIODS; i++) {
      const start = STARTS[i]!
      const length = PERIOD_OF[i]!
      mass[start + (hop % length)] = born[i]! + BIRTH_SHARE * PRIOR[i]!
      for (let age = 0; age < BEAT_HOPS; age++) mass[start + ((hop - age + length) % length)]! *= factor
    }
  }
  const rescale = () => {
    let total = 0
    for (let i = 0; i < STATES; i++) total += mass[i]!
    const scale = 1 / total
    for (let i = 0, at = 0; i < PERIODS; i++) {
      let sum = 0
      for (const end = STARTS[i]! + PERIOD_OF[i]!; at < end; at++) sum += mass[at]! *= scale
      share[i] = sum
    }
  }
  const nearBy = (i: number) => {
    const reach = reachOf(i)
    let sum = 0
    for (let j = Math.max(0, i - reach); j <= Math.min(PERIODS - 1, i + reach); j++) sum += share[j]!
    return sum
  }
  const follow = () => {
    let best = 0
    for (let i = 1; i < PERIODS; i++) if (nearBy(i) > nearBy(best)) best = i
    const near = followed >= 0 && Math.abs(PERIOD_OF[best]! / PERIOD_OF[followed]! - 1) <= SAME_SHARE
    if (followed < 0 || near || nearBy(best) > SWITCH_FACTOR * nearBy(followed)) followed = best
  }
  const read = () => {
    const reach = reachOf(followed)
    readAround(mass, share, hop, Math.max(0, followed - reach), Math.min(PERIODS - 1, followed + reach), reading)
  }
  const reset = () => {
    // Nothing heard: every phase of a period is as likely.
    for (let i = 0; i < PERIODS; i++) mass.fill(PRIOR[i]! / PERIOD_OF[i]!, STARTS[i], STARTS[i]! + PERIOD_OF[i]!)
    hop = 0
    followed = -1
    reading.period = reading.since = reading.belief = 0
  }
  reset()
  return {
    hear(logOdds) {
      hop++
      move(Math.exp(logOdds))
      rescale()
      follow()
      read()
    },
    reading,
    reset,
  }
}
