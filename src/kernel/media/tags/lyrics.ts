import { LYRIC_LINES_MAX, LYRICS_MAX_CHARS } from '#kernel/media/bounds.ts'
import type { SyncedLine, SyncedWord } from '#kernel/media/types.ts'
import { tidyLine, tidyLines } from './text.ts'

const STAMP = /\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]/g
const LEADING_STAMPS = /^\s*(?:\[\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?\]\s*)+/
const WORD_STAMP = /<(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?>/
/** What would be read as a stamp though it is text. */
const LIKE_STAMP = /[[<](?=\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?[\]>])/g
const OFFSET = /^\s*\[offset:\s*([+-]?\d{1,7})\s*\]/im
/** `[ar:Somebody]`, `[length: 3:20]`: says something of the file, and is not sung. */
const HEADER = /^\s*\[(?:ar|al|ti|au|lr|by|re|ve|la|id|tool|length|offset|#)\s*:.*\]\s*$/i
const LINE_MAX_CHARS = 2000
const LINE_WORDS_MAX = 200
const WORD_MAX_CHARS = 300

/** "5" is tenths, "05" hundredths, "005" thousandths. */
const toMs = (minutes = '0', seconds = '0', fraction = ''): number =>
  Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(fraction.padEnd(3, '0'))

const spaced = (raw: string): string => {
  const inner = tidyLine(raw, LINE_MAX_CHARS) ?? ''
  if (inner === '') return /\s/.test(raw) ? ' ' : ''
  return (/^\s/.test(raw) ? ' ' : '') + inner + (/\s$/.test(raw) ? ' ' : '')
}

/**
 * A line of timed pieces in the one form that is kept: single blanks, none at the ends, no piece without a letter, and
 * never back in time. The words together are the text. Without words where there are too many, or one is too long.
 */
export function joinWords(pieces: readonly SyncedWord[]): Pick<SyncedLine, 'text' | 'words'> {
  const words: SyncedWord[] = []
  for (const piece of pieces) {
    const last = words.at(-1)
    const raw = spaced(piece.text)
    const text = last === undefined || last.text.endsWith(' ') ? raw.trimStart() : raw
    if (text === ' ' && last) last.text += ' '
    else if (text !== '') words.push({ timeMs: Math.max(last?.timeMs ?? 0, piece.timeMs), text })
  }
  const end = words.at(-1)
  if (end) end.text = end.text.trimEnd()
  const text = words.map((w) => w.text).join('')
  const fits = words.length <= LINE_WORDS_MAX && words.every((w) => w.text.length <= WORD_MAX_CHARS)
  if (text.length > LINE_MAX_CHARS) return { text: tidyLine(text, LINE_MAX_CHARS) ?? '' }
  return fits && words.length > 0 ? { text, words } : { text }
}

/** `Hello <00:01.20>world <00:01.90>`: what stands before the first stamp begins with the line, an empty end ends it. */
function piecesOf(body: string, lineMs: number): SyncedWord[] {
  const [first = '', ...rest] = body.split(WORD_STAMP)
  const pieces = [{ timeMs: lineMs, text: first }]
  for (let i = 0; i + 3 < rest.length; i += 4)
    pieces.push({ timeMs: toMs(rest[i], rest[i + 1], rest[i + 2]), text: rest[i + 3] ?? '' })
  return pieces
}

function timedLine(line: string, offsetMs: number): SyncedLine[] {
  const stamps = LEADING_STAMPS.exec(line)?.[0]
  if (!stamps) return []
  const times = Array.from(stamps.matchAll(STAMP), ([, minutes, seconds, fraction]) => toMs(minutes, seconds, fraction))
  const body = line.slice(stamps.length)
  const [first = 0] = times
  if (!WORD_STAMP.test(body)) {
    const text = tidyLine(body, LINE_MAX_CHARS) ?? ''
    return times.map((timeMs) => ({ timeMs: Math.max(0, timeMs - offsetMs), text }))
  }
  const pieces = piecesOf(body, first)
  // A line that is sung again is sung alike: its words move with it.
  const at = (shiftMs: number) => pieces.map((p) => ({ ...p, timeMs: Math.max(0, p.timeMs + shiftMs) }))
  return times.map((timeMs) => ({
    timeMs: Math.max(0, timeMs - offsetMs),
    ...joinWords(at(timeMs - first - offsetMs)),
  }))
}

/**
 * Reads LRC lyrics: `[mm:ss.xx]` stamps (several on a line), `<mm:ss.xx>` before words, `[offset:±ms]` (positive:
 * earlier); headers are left out; the encoding is taken as it is. Sorted by time; at most `LYRIC_LINES_MAX` lines of the first `maxChars`. Without any
 * stamp, only `plain` is set.
 */
export function parseLrc(text: string, maxChars = LYRICS_MAX_CHARS): { plain?: string; synced?: SyncedLine[] } {
  const bounded = text.slice(0, maxChars)
  const offsetMs = Number(OFFSET.exec(bounded)?.[1] ?? 0)
  const lines = bounded.split(/\r\n|\n|\r/)
  const synced = lines.flatMap((line) => timedLine(line, offsetMs)).slice(0, LYRIC_LINES_MAX)
  const inOrder = synced.sort((a, b) => a.timeMs - b.timeMs)
  const sung = inOrder.length > 0 ? inOrder.map((line) => line.text) : lines.filter((line) => !HEADER.test(line))
  const plain = tidyLines(sung.join('\n'), maxChars)
  return { ...(plain ? { plain } : {}), ...(inOrder.length > 0 ? { synced: inOrder } : {}) }
}

const two = (n: number): string => String(n).padStart(2, '0')
/** Hundredths, as players expect them; thousandths where they count. */
function stampOf(timeMs: number): string {
  const fraction = timeMs % 1000
  const shown = fraction % 10 === 0 ? two(fraction / 10) : String(fraction).padStart(3, '0')
  return `${two(Math.floor(timeMs / 60_000))}:${two(Math.floor(timeMs / 1000) % 60)}.${shown}`
}
const asText = (text: string): string => text.replaceAll(LIKE_STAMP, '(')

/** The lines as an LRC file; reading it gives the same lines, when none lies beyond 999 minutes. */
export const formatLrc = (lines: readonly SyncedLine[]): string =>
  lines
    .map(({ timeMs, text, words }) => {
      const body = words ? words.map((w) => `<${stampOf(w.timeMs)}>${asText(w.text)}`).join('') : asText(text)
      return `[${stampOf(timeMs)}]${body}\n`
    })
    .join('')
