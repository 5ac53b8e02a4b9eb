import type { Cursor, Doc } from './lyrics-doc.ts'
import { afterTap, nextSung, stampLine, stampWord } from './lyrics-doc.ts'

type Moment = { doc: Doc; cursor: Cursor }
const UNDO_MAX = 300

export type Mode = 'text' | 'line' | 'word'
/** Lyrics that are being written: the document, where the next tap goes, and the way back. */
export type LyricsWork = {
  readonly doc: Doc
  readonly cursor: Cursor
  readonly canUndo: boolean
  mode: Mode
  /** Puts another document in the place of this one. */
  change(doc: Doc, cursor?: Cursor): void
  /** The line or word at the cursor begins now. */
  tap(nowMs: number): void
  goTo(line: number): void
  undo(): void
  /** What was saved or read: there is no way back behind it. */
  reset(doc: Doc): void
}

export function makeLyricsWork(): LyricsWork {
  let now = $state.raw<Moment>({ doc: [], cursor: { line: 0, word: 0 } })
  let past = $state.raw<readonly Moment[]>([])
  let mode = $state<Mode>('text')
  const put = (next: Moment) => {
    past = [...past, now].slice(-UNDO_MAX)
    now = next
  }
  return {
    get doc() {
      return now.doc
    },
    get cursor() {
      return now.cursor
    },
    get canUndo() {
      return past.length > 0
    },
    get mode() {
      return mode
    },
    set mode(to) {
      mode = to
      now = { ...now, cursor: { line: nextSung(now.doc, Math.min(now.cursor.line, now.doc.length)), word: 0 } }
    },
    change: (doc, cursor = now.cursor) => put({ doc, cursor }),
    tap(nowMs) {
      const { doc, cursor } = now
      if (cursor.line >= doc.length || mode === 'text') return
      const stamped = mode === 'word' ? stampWord(doc, cursor, nowMs) : stampLine(doc, cursor.line, nowMs)
      put({ doc: stamped, cursor: afterTap(stamped, cursor, mode) })
    },
    goTo: (line) => void (now = { ...now, cursor: { line: nextSung(now.doc, line), word: 0 } }),
    undo() {
      const last = past.at(-1)
      if (!last) return
      past = past.slice(0, -1)
      now = last
    },
    reset(doc) {
      past = []
      now = { doc, cursor: { line: nextSung(doc, 0), word: 0 } }
    },
  }
}
