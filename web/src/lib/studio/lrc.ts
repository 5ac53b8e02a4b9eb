import { type Doc, type DocLine, type DocWord, LINES_MAX, sung } from './lyrics-doc.ts'

const TAG = /^\s*\[([a-z#]+):(.*)\]\s*$/i
const TIMES = /^\s*((?:\[\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?\]\s*)+)/
const ONE = /\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]/g
const WORD = /<(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?>/g

const msOf = (min: string, sec: string, part = ''): number => {
  const fraction = part === '' ? 0 : Number(part) * 10 ** (3 - part.length)
  return Number(min) * 60_000 + Number(sec) * 1000 + Math.round(fraction)
}

/** `<00:12.30>Hello <00:12.80>world`: words with their times; null when there are none. */
function wordsOf(text: string, lineMs: number): readonly DocWord[] | null {
  const marks = [...text.matchAll(WORD)]
  if (marks.length === 0) return null
  const head = text.slice(0, marks[0]?.index ?? 0)
  const words = marks.map(
    (m, i): DocWord => ({
      text: text.slice((m.index ?? 0) + m[0].length, marks[i + 1]?.index ?? text.length),
      timeMs: msOf(m[1] ?? '0', m[2] ?? '0', m[3]),
    }),
  )
  const all = head.trim() === '' ? words : [{ text: head, timeMs: lineMs }, ...words]
  // A mark without text behind it only says when the line ends.
  return all.map((w) => ({ ...w, text: w.text.replaceAll(/\s+/g, ' ') })).filter((w) => w.text.trim() !== '')
}

export const isLrc = (text: string): boolean => text.split('\n').some((line) => TIMES.test(line))

/** An LRC file; lines without a time of their own are left out, repeated ones stand where they are sung. */
export function parseLrc(text: string): Doc {
  let offsetMs = 0
  const doc: (DocLine & { timeMs: number })[] = []
  for (const raw of text.replaceAll('\r\n', '\n').split('\n')) {
    const tag = TAG.exec(raw)
    if (tag && tag[1]?.toLowerCase() === 'offset') offsetMs = Number(tag[2]) || 0
    const times = TIMES.exec(raw)?.[1]
    if (!times) continue
    const rest = raw.slice(raw.indexOf(times) + times.length).trim()
    for (const [, min = '0', sec = '0', part] of times.matchAll(ONE)) {
      const timeMs = Math.max(0, msOf(min, sec, part) - offsetMs)
      const words = wordsOf(rest, timeMs)
      const line = words
        ? words
            .map((w) => w.text)
            .join('')
            .trimEnd()
        : rest
      doc.push({ text: line, timeMs, words })
    }
  }
  return doc.toSorted((a, b) => a.timeMs - b.timeMs).slice(0, LINES_MAX)
}

const pad = (n: number) => String(n).padStart(2, '0')
/** `01:02.34`. */
export const lrcTime = (ms: number): string =>
  `${pad(Math.floor(ms / 60_000))}:${pad(Math.floor(ms / 1000) % 60)}.${pad(Math.floor((ms % 1000) / 10))}`

export const toLrc = (doc: Doc): string =>
  sung(doc)
    .filter((l) => l.timeMs !== null)
    .map((l) => {
      const words = l.words?.every((w) => w.timeMs !== null)
        ? l.words.map((w) => `<${lrcTime(w.timeMs ?? 0)}>${w.text}`).join('')
        : l.text
      return `[${lrcTime(l.timeMs ?? 0)}]${words}`
    })
    .join('\n')
