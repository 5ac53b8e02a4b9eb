/** Seconds that lie ready ahead of what is heard, and from where on more is fetched. */
export const AHEAD_SEC = 40
const REFILL_BELOW = 0.6
/** A deck that only stands by holds less. */
export const STANDBY_SEC = 10
/** Source buffers hold about 12 MB of sound; half of it lies ahead. */
const AHEAD_BYTES_MAX = 5 * 1024 * 1024
const AHEAD_SEC_MIN = 6
/** What was heard is kept this long, for small steps back, and let go in larger lumps. */
const BEHIND_SEC = 12
const BEHIND_LUMP_SEC = 8
/** One read: long enough to be worth the asking, small enough that a seek does not wait for it. */
const READ_SEC = 8
const READ_BYTES_MIN = 64 * 1024
const READ_BYTES_MAX = 2 * 1024 * 1024

export type View = {
  /** Where the ear is, on the reel. */
  readonly nowSec: number
  /** Where what is buffered begins, on the reel; null when nothing is. */
  readonly bufferedFromSec: number | null
  /** The take that is appended now. */
  readonly reading: { readonly appendedSec: number; readonly isDone: boolean; readonly bytesPerSec: number }
  readonly hasNext: boolean
  /** The media source was told that nothing follows. */
  readonly isEnded: boolean
  /** Reading has begun and goes on until the goal is reached. */
  readonly isFilling: boolean
  readonly isStandby: boolean
}
export type Act = 'trim' | 'read' | 'begin' | 'finish' | 'rest'

export function goalSec(v: Pick<View, 'isStandby' | 'reading'>): number {
  const most = v.isStandby ? STANDBY_SEC : AHEAD_SEC
  return Math.min(most, Math.max(AHEAD_SEC_MIN, AHEAD_BYTES_MAX / Math.max(1, v.reading.bytesPerSec)))
}

/** What the reel does next. Pure: the whole scheduling is here. */
export function nextAct(v: View): Act {
  const behindSec = v.bufferedFromSec === null ? 0 : v.nowSec - v.bufferedFromSec
  if (behindSec > BEHIND_SEC + BEHIND_LUMP_SEC) return 'trim'
  const aheadSec = v.reading.appendedSec - v.nowSec
  const isWanting = aheadSec < goalSec(v) * (v.isFilling ? 1 : REFILL_BELOW)
  if (!v.reading.isDone) return isWanting ? 'read' : 'rest'
  if (v.hasNext) return isWanting ? 'begin' : 'rest'
  return v.isEnded ? 'rest' : 'finish'
}

/** Up to where `trim` lets go, seconds of the reel. */
export const trimTo = (nowSec: number): number => nowSec - BEHIND_SEC

/** Bytes of one read; the first of a take is small, so that sound begins early. */
export const readBytes = (bytesPerSec: number, isFirst: boolean): number =>
  Math.round(Math.min(READ_BYTES_MAX, Math.max(READ_BYTES_MIN, bytesPerSec * (isFirst ? READ_SEC / 4 : READ_SEC))))

/** Where a run lies on the reel of a take that begins at `startSec`. `endSec` is the end of the music, in the last run. */
export function runTimes(
  take: { startSec: number; delay: number; rateHz: number },
  run: { firstSample: number; samples: number; endTrim: number | null },
): { offsetSec: number; toSec: number; endSec: number | null } {
  const offsetSec = take.startSec - take.delay / take.rateHz
  const toSec = offsetSec + (run.firstSample + run.samples) / take.rateHz
  const endSec =
    run.endTrim === null
      ? null
      : Math.max(take.startSec, offsetSec + (run.firstSample + run.samples - run.endTrim) / take.rateHz)
  return { offsetSec, toSec: endSec ?? toSec, endSec }
}

/** Wait before the n-th try again, ms. */
export const backOffMs = (tries: number): number => Math.min(8000, 400 * 2 ** Math.max(0, tries - 1))
