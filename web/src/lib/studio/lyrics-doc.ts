import type { Output } from '#client/index.ts'

export type Lyrics = Output<'songs', 'getLyrics'>
/** `text` keeps the space behind it: the words of a line together are the line. */
export type DocWord = { readonly text: string; readonly timeMs: number | null }
export type DocLine = {
  readonly text: string
  readonly timeMs: number | null
  readonly words: readonly DocWord[] | null
}
/** Lyrics while they are written: a value; every function answers a new one. */
export type Doc = readonly DocLine[]

export const NUDGE_MS = 100
const LINE_CHARS_MAX = 2000
export const LINES_MAX = 5000

const plainLine = (text: string): DocLine => ({ text, timeMs: null, words: null })
export const isBlank = (line: Pick<DocLine, 'text'>): boolean => line.text.trim() === ''
export const wordsIn = (text: string): string[] => text.match(/\S+\s*/g) ?? []

/** Text as a person types it. Lines that were there before, in the same order, keep their times. */
export function fromText(text: string, before: Doc = []): Doc {
  let at = 0
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .slice(0, LINES_MAX)
    .map((raw) => {
      const line = raw.trimEnd().slice(0, LINE_CHARS_MAX)
      const found = before.findIndex((b, i) => i >= at && b.text === line)
      if (found < 0 || line === '') return plainLine(line)
      at = found + 1
      return before[found] as DocLine
    })
}
export const toText = (doc: Doc): string => doc.map((l) => l.text).join('\n')

/** Blank lines of the plain text stand between the timed ones again where both are known. */
export function fromLyrics({ plain, lines }: Pick<Lyrics, 'plain' | 'lines'>): Doc {
  const timed = lines.map((l): DocLine => ({ text: l.text, timeMs: l.timeMs, words: l.words ?? null }))
  if (plain === null) return timed
  const doc = fromText(plain, timed)
  const kept = doc.filter((l) => l.timeMs !== null).length
  return timed.length > 0 && kept < timed.length ? timed : doc
}

/** What is sung: blank lines take no time. */
export const sung = (doc: Doc): DocLine[] => doc.filter((l) => !isBlank(l) || l.timeMs !== null)
export const isLineSynced = (doc: Doc): boolean => sung(doc).length > 0 && sung(doc).every((l) => l.timeMs !== null)
export const isWordSynced = (line: DocLine): boolean =>
  line.words !== null && line.words.every((w) => w.timeMs !== null)
export const syncedCount = (doc: Doc): number => sung(doc).filter((l) => l.timeMs !== null).length

/** The lines as the server keeps them; to be called when every line has its time. */
export function toLines(doc: Doc): Lyrics['lines'] {
  return sung(doc).map(({ text, timeMs, words }) => {
    const line = { timeMs: timeMs ?? 0, text }
    if (!words || !words.every((w) => w.timeMs !== null)) return line
    return { ...line, words: words.map((w) => ({ text: w.text, timeMs: w.timeMs ?? 0 })) }
  })
}

const withLine = (doc: Doc, at: number, line: DocLine): Doc => doc.map((l, i) => (i === at ? line : l))
const before = (doc: Doc, at: number): number => doc.slice(0, at).findLast((l) => l.timeMs !== null)?.timeMs ?? 0
const after = (doc: Doc, at: number): number => doc.slice(at + 1).find((l) => l.timeMs !== null)?.timeMs ?? Infinity
const shifted = (line: DocLine, byMs: number): DocLine => ({
  ...line,
  timeMs: line.timeMs === null ? null : Math.max(0, line.timeMs + byMs),
  words: line.words?.map((w) => ({ ...w, timeMs: w.timeMs === null ? null : Math.max(0, w.timeMs + byMs) })) ?? null,
})

/**
 * A line begins now. Invariant: times never go back from line to line; so it begins no earlier than the one before, and
 * lines after it that would begin earlier wait to be timed again.
 */
export function stampLine(doc: Doc, at: number, nowMs: number): Doc {
  const line = doc[at]
  if (!line) return doc
  const timeMs = Math.max(Math.round(nowMs), before(doc, at))
  return doc.map((l, i) => {
    if (i === at) return { ...l, timeMs, words: null }
    return i > at && l.timeMs !== null && l.timeMs < timeMs ? { ...l, timeMs: null, words: null } : l
  })
}

/** A word begins now; the first of a line, or one of a line that has not begun, begins the line. */
export function stampWord(doc: Doc, at: { line: number; word: number }, nowMs: number): Doc {
  if (!doc[at.line]) return doc
  const isBegun = at.word > 0 && doc[at.line]?.timeMs !== null
  const started = isBegun ? doc : stampLine(doc, at.line, nowMs)
  const line = started[at.line] as DocLine
  const begunMs = line.timeMs ?? 0
  const timeMs = Math.max(Math.round(nowMs), line.words?.[at.word - 1]?.timeMs ?? begunMs)
  const words = wordsIn(line.text).map((text, i): DocWord => {
    if (i === at.word) return { text, timeMs }
    return { text, timeMs: i < at.word ? (line.words?.[i]?.timeMs ?? begunMs) : null }
  })
  const late = started.map((l, i) => (i > at.line && l.timeMs !== null && l.timeMs < timeMs ? plainLine(l.text) : l))
  return withLine(late, at.line, { ...line, words })
}

/** Moves one line in time, between its neighbours. */
export function nudgeLine(doc: Doc, at: number, byMs: number): Doc {
  const line = doc[at]
  if (!line || line.timeMs === null) return doc
  const wanted = Math.min(Math.max(line.timeMs + byMs, before(doc, at)), after(doc, at))
  return withLine(doc, at, shifted(line, wanted - line.timeMs))
}
/** Everything earlier or later, for a file that was made for another master. */
export const shiftAll = (doc: Doc, byMs: number): Doc => doc.map((l) => shifted(l, byMs))
export const clearTimes = (doc: Doc): Doc => doc.map((l) => plainLine(l.text))

export type Cursor = { line: number; word: number }
/** The next line that is sung, from `at` on; the length of the document at its end. */
export function nextSung(doc: Doc, at: number): number {
  const found = doc.findIndex((l, i) => i >= at && !isBlank(l))
  return found < 0 ? doc.length : found
}
/** Where the next tap goes after one at `c`. */
export function afterTap(doc: Doc, c: Cursor, by: 'line' | 'word'): Cursor {
  const words = by === 'word' ? wordsIn(doc[c.line]?.text ?? '').length : 0
  return c.word + 1 < words ? { line: c.line, word: c.word + 1 } : { line: nextSung(doc, c.line + 1), word: 0 }
}
