import { join } from './boxes.ts'
import type { Bytes, ByteSource, Cursor, Packet } from './types.ts'

/** What a reader of frames found in some bytes. `usedBytes` of them are done with; the rest is given again, with more. */
export type Split = {
  packets: Packet[]
  usedBytes: number
  /** Where the first of the packets lies, when the bytes themselves say so. */
  firstSample?: number
  /** Samples after the music, when the bytes themselves say so. */
  endTrim?: number
}
/** Takes whole frames from the front of `bytes`; `isEnd` when no more bytes follow. */
export type Splitter = (bytes: Bytes, isEnd: boolean) => Split

type Start = { byte: number; sample: number }

/** So much padding may an encoder leave at the end: these packets always come with the last run, which is cut by it. */
const HELD_BACK = 4
/** Bytes in which no whole frame was found are no audio. */
const REST_BYTES_MAX = 4 * 1024 * 1024

/** A cursor over bytes that are split one after the other; `endTrim` counts where the bytes do not say it. */
export function framedCursor(
  source: ByteSource,
  start: Start,
  o: { endByte: number; endTrim: number; split: Splitter },
): Cursor {
  let byte = start.byte
  let rest: Bytes = new Uint8Array(0)
  let held: Packet[] = []
  /** Sample at which the first held packet begins. */
  let sample = start.sample
  let isDone = false
  const take = (found: Split): void => {
    if (found.firstSample !== undefined && held.length === 0 && found.packets.length > 0) sample = found.firstSample
    held.push(...found.packets)
  }
  return {
    async next(wantedBytes, signal) {
      while (!isDone) {
        const upTo = Math.min(o.endByte, byte + wantedBytes)
        const fresh = await source.read(byte, upTo, signal)
        byte += fresh.length
        const isEnd = byte >= o.endByte || fresh.length === 0
        const bytes = rest.length > 0 ? join([rest, fresh]) : fresh
        const found = o.split(bytes, isEnd)
        rest = bytes.slice(found.usedBytes)
        take(found)
        isDone = isEnd || rest.length > REST_BYTES_MAX
        const packets = held.splice(0, isDone ? held.length : Math.max(0, held.length - HELD_BACK))
        if (packets.length === 0) continue
        const firstSample = sample
        sample += packets.reduce((sum, p) => sum + p.samples, 0)
        return { firstSample, packets, endTrim: isDone ? (found.endTrim ?? o.endTrim) : null }
      }
      return null
    },
  }
}

/** Reads of a search for a place, and how near (seconds before it) is near enough. */
const PROBES_MAX = 8
const PROBE_BYTES = 64 * 1024
const NEAR_SEC = 1.5

export type Place = { byte: number; sample: number }
/**
 * Finds a frame at or shortly before `sample`, in a file whose frames say where they lie. `placeIn` finds the first
 * frame that begins in some bytes. Bounded: after `PROBES_MAX` reads the best frame so far is taken.
 */
export async function findPlace(
  source: ByteSource,
  o: {
    sample: number
    rateHz: number
    first: Place
    end: Place
    signal: AbortSignal
    placeIn: (bytes: Bytes) => Place | null
    probeBytes?: number
  },
): Promise<Place> {
  let low = o.first
  let high = o.end
  for (let i = 0; i < PROBES_MAX && o.sample - low.sample > NEAR_SEC * o.rateHz; i++) {
    const share = Math.min(0.98, Math.max(0, (o.sample - low.sample) / Math.max(1, high.sample - low.sample)))
    const backBytes = (NEAR_SEC / 2) * o.rateHz * ((high.byte - low.byte) / Math.max(1, high.sample - low.sample))
    const at = Math.max(low.byte + 1, Math.floor(low.byte + share * (high.byte - low.byte) - backBytes))
    if (at >= high.byte) break
    const bytes = await source.read(at, Math.min(at + (o.probeBytes ?? PROBE_BYTES), o.end.byte), o.signal)
    const found = o.placeIn(bytes)
    if (!found) high = { byte: at, sample: high.sample }
    else if (found.sample > o.sample) high = { byte: at, sample: found.sample }
    else low = { byte: at + found.byte, sample: found.sample }
  }
  return low
}
