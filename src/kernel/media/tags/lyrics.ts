import { LYRIC_LINES_MAX, LYRICS_MAX_CHARS } from '#kernel/media/bounds.ts'
import type { SyncedLine } from '#kernel/media/types.ts'
import { cleanLine, cleanLines } from './text.ts'

const STAMP = /\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]/g
const LEADING_STAMPS = /^\s*(?:\[\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?\]\s*)+/
const WORD_STAMP = /<\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?>/g
const OFFSET = /^\s*\[offset:\s*([+-]?\d{1,7})\s*\]/im
const LINE_MAX_CHARS = 500

/** "5" is tenths, "05" hundredths, "005" thousandths. */
const toMs = (minutes: string, seconds: string, fraction = ''): number =>
  Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(fraction.padEnd(3, '0'))

function timedLine(line: string, offsetMs: number): SyncedLine[] {
  const stamps = LEADING_STAMPS.exec(line)?.[0]
  if (!stamps) return []
  const text = cleanLine(line.slice(stamps.length).replaceAll(WORD_STAMP, ''), LINE_MAX_CHARS) ?? ''
  return Array.from(stamps.matchAll(STAMP), ([, minutes = '0', seconds = '0', fraction]) => ({
    timeMs: Math.max(0, toMs(minutes, seconds, fraction) - offsetMs),
    text,
  }))
}

/**
 * Reads LRC lyrics: `[mm:ss.xx]` stamps (several on a line), `[offset:±ms]` (positive: earlier), word stamps dropped.
 * Sorted by time; at most `LYRIC_LINES_MAX` lines of the first 64 k characters. Without any stamp, only `plain` is set.
 */
export function parseLrc(text: string): { plain?: string; synced?: SyncedLine[] } {
  const bounded = text.slice(0, LYRICS_MAX_CHARS)
  const offsetMs = Number(OFFSET.exec(bounded)?.[1] ?? 0)
  const lines = bounded.split(/\r\n|\n|\r/)
  const synced = lines.flatMap((line) => timedLine(line, offsetMs)).slice(0, LYRIC_LINES_MAX)
  const inOrder = synced.sort((a, b) => a.timeMs - b.timeMs)
  const source = inOrder.length > 0 ? inOrder.map((line) => line.text).join('\n') : bounded
  const plain = cleanLines(source, LYRICS_MAX_CHARS)
  return { ...(plain ? { plain } : {}), ...(inOrder.length > 0 ? { synced: inOrder } : {}) }
}
