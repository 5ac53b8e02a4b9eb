/** Fills the musical bytes of the visual frames: flux, onset mask, phases, sections, peaks. */
import { type Evidence, pickPeaks, RHYTHM_PER_SEC } from './evidence.ts'
import { FRAME_AT, FRAME_STRIDE_BYTES, FRAMES_PER_SEC, ONSET } from './frames.ts'

export type Marks = {
  /** Seconds. */
  beats: Float32Array
  downbeats: Float32Array
  sections: Float32Array
  framePeaks: Uint8Array
  evidence: Evidence
}

const KICK_THRESHOLD = 0.6
const SNARE_THRESHOLD = 0.6
const HAT_THRESHOLD = 0.5
/** At most ten a second of each. */
const DRUM_GAP = 10
const FLUX_FULL = 1.5

const frameOf = (seconds: number) => Math.round(seconds * FRAMES_PER_SEC)

const mark = (body: Uint8Array, frame: number, bit: number) => {
  const at = frame * FRAME_STRIDE_BYTES + FRAME_AT.mask
  if (at < body.length) body[at]! |= bit
}

const markPeaks = (body: Uint8Array, curve: Float32Array, threshold: number, bit: number) => {
  for (const peak of pickPeaks(curve, threshold, DRUM_GAP)) mark(body, frameOf(peak / RHYTHM_PER_SEC), bit)
}

/** 0..255 between neighbouring `times`; before the first and after the last the nearest interval is carried on. */
const paintPhase = (body: Uint8Array, at: number, times: Float32Array) => {
  if (times.length < 2) return
  const count = body.length / FRAME_STRIDE_BYTES
  let i = 0
  for (let frame = 0; frame < count; frame++) {
    const now = (frame + 1e-3) / FRAMES_PER_SEC
    while (i < times.length - 2 && times[i + 1]! <= now) i++
    const phase = (now - times[i]!) / (times[i + 1]! - times[i]!)
    body[frame * FRAME_STRIDE_BYTES + at] = Math.floor(256 * (phase - Math.floor(phase)))
  }
}

const paintSections = (body: Uint8Array, sections: Float32Array) => {
  const count = body.length / FRAME_STRIDE_BYTES
  for (let frame = 0, section = 0; frame < count; frame++) {
    while (section + 1 < sections.length && sections[section + 1]! * FRAMES_PER_SEC <= frame) section++
    body[frame * FRAME_STRIDE_BYTES + FRAME_AT.section] = section & 255
  }
}

/** The joint onset curve, the largest of the hops that a frame covers. */
const paintFlux = (body: Uint8Array, onset: Float32Array) => {
  const count = body.length / FRAME_STRIDE_BYTES
  const step = RHYTHM_PER_SEC / FRAMES_PER_SEC
  for (let frame = 0; frame < count; frame++) {
    let top = 0
    for (let t = Math.floor(frame * step); t < (frame + 1) * step && t < onset.length; t++)
      top = Math.max(top, onset[t]!)
    body[frame * FRAME_STRIDE_BYTES + FRAME_AT.flux] = Math.min(255, Math.round((255 * top) / FLUX_FULL))
  }
}

const together = (a: Float32Array, b: Float32Array) => a.map((value, i) => Math.sqrt(value * b[i]!))

/** `body`: the frames without header, spectral bytes already there. In place. */
export const paintMarks = (body: Uint8Array, marks: Marks) => {
  const { regions, onset } = marks.evidence
  paintFlux(body, onset)
  markPeaks(body, regions[0]!, KICK_THRESHOLD, ONSET.kick)
  markPeaks(body, together(regions[1]!, regions[4]!), SNARE_THRESHOLD, ONSET.snare)
  markPeaks(body, regions[5]!, HAT_THRESHOLD, ONSET.hat)
  for (const beat of marks.beats) mark(body, frameOf(beat), ONSET.beat)
  for (const downbeat of marks.downbeats) mark(body, frameOf(downbeat), ONSET.downbeat)
  paintPhase(body, FRAME_AT.beatPhase, marks.beats)
  paintPhase(body, FRAME_AT.barPhase, marks.downbeats)
  paintSections(body, marks.sections)
  const count = Math.min(marks.framePeaks.length, body.length / FRAME_STRIDE_BYTES)
  for (let frame = 0; frame < count; frame++)
    body[frame * FRAME_STRIDE_BYTES + FRAME_AT.peak] = marks.framePeaks[frame]!
}
