import type { Song } from '#client/index.ts'

/**
 * `waiting` for its turn, `sending`, `paused` by the person, `cut` while the line is lost, `working` while the server
 * looks into it, `done`, `failed`.
 */
export type Phase = 'waiting' | 'sending' | 'paused' | 'cut' | 'working' | 'done' | 'failed'
export type Item = {
  readonly key: number
  readonly file: File
  /** Where it lay in what was dropped; '' when it was chosen by itself. */
  readonly folder: string
  phase: Phase
  sentBytes: number
  /** Its id on the server, once that knows of it. */
  uploadId: string | null
  /** What the server does with it: '' before. */
  step: string
  song: Song | null
  /** These bytes had been uploaded before. */
  isDuplicate: boolean
  fault: string
  canRetry: boolean
}

export const isOver = (i: Pick<Item, 'phase'>): boolean => i.phase === 'done' || i.phase === 'failed'
/** Bytes are still to be sent, now or later. */
export const isOutgoing = (i: Pick<Item, 'phase'>): boolean =>
  i.phase === 'waiting' || i.phase === 'sending' || i.phase === 'cut'

export type Totals = {
  files: number
  done: number
  failed: number
  /** Bytes to send and sent, without what was refused. */
  bytes: number
  sentBytes: number
  working: number
  sending: number
  paused: number
  outgoing: number
}

/** What stands over the list and in the shell. */
export function totalsOf(items: readonly Pick<Item, 'phase' | 'sentBytes' | 'file'>[]): Totals {
  const totals: Totals = {
    files: 0,
    done: 0,
    failed: 0,
    bytes: 0,
    sentBytes: 0,
    working: 0,
    sending: 0,
    paused: 0,
    outgoing: 0,
  }
  for (const i of items) {
    totals.files += 1
    if (i.phase === 'failed') {
      totals.failed += 1
      continue
    }
    totals.bytes += i.file.size
    totals.sentBytes += Math.min(i.sentBytes, i.file.size)
    if (i.phase === 'done') totals.done += 1
    if (i.phase === 'working') totals.working += 1
    if (i.phase === 'sending' || i.phase === 'cut') totals.sending += 1
    if (i.phase === 'paused') totals.paused += 1
    if (isOutgoing(i)) totals.outgoing += 1
  }
  return totals
}

const CUT_FIRST_MS = 1000
const CUT_MS_MAX = 20_000
/** How long to wait before the next try on a line that was lost: longer each time. */
export const cutWaitMs = (tries: number): number => Math.min(CUT_MS_MAX, CUT_FIRST_MS * 2 ** Math.min(tries, 10))

const OUT_OF_SPACE = 507
/** Faults that pass by themselves: no answer, too much at once, a server that starts. */
export const isPassing = (fault: { status: number; code: string }): boolean =>
  (fault.status === 0 && fault.code !== 'aborted') ||
  [401, 408, 409, 423, 425, 429].includes(fault.status) ||
  (fault.status >= 500 && fault.status !== OUT_OF_SPACE)
