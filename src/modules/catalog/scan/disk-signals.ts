import type { Answers, Request } from './disk-read.ts'

/** Places of the words that a thread and its owner share. */
export const BEATS = 0
/** 0: nobody wants the answer any more. */
export const WANTED = 1
export const SIGNALS = 2

export type Reply = { ok: true; answer: Answers[Request['kind']] } | { ok: false; message: string }

export const abortError = (): Error => Object.assign(new Error('No longer wanted.'), { name: 'AbortError' })
