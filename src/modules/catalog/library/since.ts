import { createHash } from 'node:crypto'
import type { Caller } from '#kernel/caller.ts'
import { badRequest } from '#kernel/errors.ts'
import type { View } from '#modules/catalog/policy.ts'

/**
 * How far a copy is: every change up to `seq` is in it. It was begun when the newest change was `start`, so it can hold
 * nothing that was removed by then. `view` names what its reader could see.
 */
export type Since = { view: string; seq: number; start: number }

/** Another name whenever the same person may see something else: then a copy has to begin anew. */
export const viewName = (who: Caller, { least, withheld }: View): string =>
  createHash('sha256')
    .update(JSON.stringify([who.userId, least, withheld]))
    .digest('base64url')
    .slice(0, 16)

const FORM = 1
export const encodeSince = ({ view, seq, start }: Since): string =>
  Buffer.from(JSON.stringify([FORM, view, seq, start])).toString('base64url')

const isSeq = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0

/** @throws 400 `bad_since` */
export function decodeSince(text: string): Since {
  const bad = badRequest('bad_since', 'This is no place in the feed: pass `next` as it was answered, or begin without.')
  try {
    const [form, view, seq, start] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    if (form !== FORM || typeof view !== 'string' || !isSeq(seq) || !isSeq(start)) throw bad
    return { view, seq, start }
  } catch {
    throw bad
  }
}
