import { badRequest } from '#kernel/errors.ts'

const bad = () =>
  badRequest('bad_cursor', 'The cursor is not one of this list with this sort: pass nextCursor as it was answered.')

/** Where a page of `list` ended: the value by which the list is sorted, which no two rows share. */
export const encodeCursor = (list: string, end: string): string =>
  Buffer.from(JSON.stringify([list, end])).toString('base64url')

/** Undefined without a cursor. Throws 400 `bad_cursor`, also for one of another list or sort. */
export function decodeCursor(text: string | undefined, list: string, form: RegExp): string | undefined {
  if (text === undefined) return undefined
  const [of, end] = parse(text)
  if (of !== list || typeof end !== 'string' || !form.test(end)) throw bad()
  return end
}

function parse(text: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : []
  } catch {
    throw bad()
  }
}

/** A page, from one row more than was asked for: that tells whether there is a next one. */
export function pageFrom<R>(rows: readonly R[], limit: number, cursorAfter: (last: R) => string) {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { page, nextCursor: rows.length > limit && last !== undefined ? cursorAfter(last) : null }
}

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
