import { badRequest } from '#kernel/errors.ts'

/** What a list is sorted by: text, a 32-bit or 64-bit whole number, a short real one, or the id alone. */
export type SortKind = 'text' | 'int' | 'real' | 'bigint' | 'id'
/** Where a page ended: sort value and id of its last item, and the seed of `random`. 64-bit values are texts. */
export type Cursor = { value: string | number; id: string; seed: number }

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const INT4_MAX = 2 ** 31 - 1
/** No value that lists are sorted by is further from nought, or nearer without being it. */
const REAL_MAX = 1e6
const REAL_MIN = 1e-30

export const isUuid = (text: string): boolean => UUID.test(text)
const isInt4 = (v: unknown): v is number => Number.isInteger(v) && Math.abs(v as number) <= INT4_MAX
const INT8_MAX = 2n ** 63n - 1n
/** The least of all has no positive twin, so SQL cannot be written with it. */
const isBigint = (v: unknown): boolean =>
  typeof v === 'string' && /^-?\d{1,19}$/.test(v) && BigInt(v) <= INT8_MAX && BigInt(v) >= -INT8_MAX

const fits: Record<SortKind, (value: unknown) => boolean> = {
  text: (v) => typeof v === 'string' && !v.includes('\0'),
  int: isInt4,
  real: (v) => typeof v === 'number' && (v === 0 || (Math.abs(v) > REAL_MIN && Math.abs(v) < REAL_MAX)),
  bigint: isBigint,
  id: (v) => v === '',
}

export const badCursor = () =>
  badRequest('bad_cursor', 'The cursor is not one of this list with this sort: pass nextCursor as it was answered.')

function parse(text: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : []
  } catch {
    throw badCursor()
  }
}

export const encodeCursor = (sort: string, c: Cursor): string =>
  Buffer.from(JSON.stringify([sort, c.value, c.id, c.seed])).toString('base64url')

/** @throws 400 `bad_cursor`, also for the cursor of another sort */
export function decodeCursor(text: string | undefined, sort: string, kind: SortKind): Cursor | undefined {
  if (text === undefined) return undefined
  const [of, value, id, seed] = parse(text)
  if (of !== sort || !fits[kind](value) || typeof id !== 'string' || !isUuid(id) || !isInt4(seed)) throw badCursor()
  return { value: value as string | number, id, seed }
}
