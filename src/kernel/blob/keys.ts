import { badRequest } from '#kernel/errors.ts'

export const KEY_LENGTH_MAX = 200
/** Names begin with a letter, digit, `_` or `-`: neither `..` nor a hidden file can be said. */
const NAME = '[a-z0-9_-][a-z0-9._-]*'
const KEY = new RegExp(`^${NAME}(/${NAME})*$`)
const PREFIX = new RegExp(`^(${NAME}/)*(${NAME})?$`)

export const isKey = (text: string): boolean => text.length <= KEY_LENGTH_MAX && KEY.test(text)

/** @throws 400 `bad_blob_key` */
export function checkKey(key: string): void {
  if (!isKey(key)) throw badKey('key')
}

/** The begin of a key, possibly in the middle of a name; the empty one begins every key. Throws 400. */
export function checkPrefix(prefix: string): void {
  if (prefix.length > KEY_LENGTH_MAX || !PREFIX.test(prefix)) throw badKey('prefix')
}

const badKey = (what: string) =>
  badRequest(
    'bad_blob_key',
    `A blob ${what} is made of names of a-z 0-9 . _ - (no dot first) with / between, ${KEY_LENGTH_MAX} characters at most.`,
  )
