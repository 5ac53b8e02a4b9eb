/** What a song is fetched as, best first. */
export const LEVELS = ['original', 'high', 'medium', 'low'] as const
export type Level = (typeof LEVELS)[number]
/** Bit rate of the transcodes, kbit/s. */
const KBPS: Record<Exclude<Level, 'original'>, number> = { high: 320, medium: 128, low: 64 }
/** Of an original that nobody has measured: CD sound in FLAC. */
const ORIGINAL_KBPS = 900

/** Upwards only with much room, downwards only without any: between the two nothing changes. */
const UP_ROOM = 2.2
const DOWN_ROOM = 1.2
/** It must have gone well for so long before more is asked for. */
const CALM_MS = 20_000
/** After a stall, nothing better than what stalled is tried for so long; doubled with every further one. */
const STALL_MS = 60_000
const STALL_MS_MAX = 15 * 60_000
/** With so much in hand, a slow moment is waited out. */
const SAFE_AHEAD_SEC = 15

export type Network = {
  /** Kbit/s; null before anything was measured. */
  readonly kbps: number | null
  /** The person asked the browser to spare data. */
  readonly isSaving: boolean
  /** Paid by the megabyte, as far as the browser tells. */
  readonly isMetered: boolean
}
export type Adapting = {
  readonly level: Level
  /** Since when the next better level would have had room; null while it has none. */
  readonly roomSinceMs: number | null
  readonly stalls: number
  /** No better level before this. */
  readonly holdUntilMs: number
}

export const startAdapting = (): Adapting => ({ level: 'original', roomSinceMs: null, stalls: 0, holdUntilMs: 0 })
const rank = (level: Level): number => LEVELS.indexOf(level)
export const kbpsOf = (level: Level, originalKbps: number | null): number =>
  level === 'original' ? (originalKbps ?? ORIGINAL_KBPS) : Math.min(KBPS[level], originalKbps ?? Infinity)

/** The best level that may be used at all: who spares data gets the smallest, who pays for it nothing large. */
export const bestAllowed = ({ isSaving, isMetered }: Pick<Network, 'isSaving' | 'isMetered'>): Level =>
  isSaving ? 'low' : isMetered ? 'medium' : 'original'

const worse = (a: Level, b: Level): Level => (rank(a) > rank(b) ? a : b)
const fits = (level: Level, room: number, kbps: number, originalKbps: number | null): boolean =>
  kbpsOf(level, originalKbps) * room <= kbps
/** The best level from `from` downwards that has room; the lowest when none has. */
const firstWithRoom = (from: Level, room: number, kbps: number, originalKbps: number | null): Level =>
  LEVELS.slice(rank(from)).find((level) => fits(level, room, kbps, originalKbps)) ?? 'low'

export type Moment = {
  readonly nowMs: number
  readonly network: Network
  readonly originalKbps: number | null
  /** What lies ready ahead of the ear. */
  readonly aheadSec: number
}

/** Looks again. Down at once when there is no room, up by one level when there was much for a while. */
export function adapt(a: Adapting, { nowMs, network, originalKbps, aheadSec }: Moment): Adapting {
  const best = bestAllowed(network)
  const { kbps } = network
  const level = worse(a.level, best)
  if (kbps === null) return { ...a, level }
  const isShort = !fits(level, DOWN_ROOM, kbps, originalKbps) && aheadSec < SAFE_AHEAD_SEC
  if (isShort) return { ...a, level: firstWithRoom(level, DOWN_ROOM, kbps, originalKbps), roomSinceMs: null }
  const up = LEVELS[rank(level) - 1]
  const hasRoom = up !== undefined && rank(up) >= rank(best) && fits(up, UP_ROOM, kbps, originalKbps)
  if (!hasRoom) return { ...a, level, roomSinceMs: null }
  const roomSinceMs = a.roomSinceMs ?? nowMs
  if (nowMs - roomSinceMs < CALM_MS || nowMs < a.holdUntilMs) return { ...a, level, roomSinceMs }
  return { ...a, level: up, roomSinceMs: nowMs }
}

/** The sound ran dry: one level down (or to what has room), and no better one for a while. */
export function stalled(a: Adapting, { nowMs, network, originalKbps }: Moment): Adapting {
  const below = LEVELS[Math.min(LEVELS.length - 1, rank(a.level) + 1)] ?? 'low'
  const room = network.kbps === null ? below : firstWithRoom(below, DOWN_ROOM, network.kbps, originalKbps)
  const stalls = a.stalls + 1
  return {
    level: worse(below, room),
    roomSinceMs: null,
    stalls,
    holdUntilMs: nowMs + Math.min(STALL_MS_MAX, STALL_MS * 2 ** (stalls - 1)),
  }
}
