import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { API_KEY_PREFIX } from '#kernel/credentials/names.ts'

const SECRET_BYTES = 32
/** 62^43 is the first power above 2^256, 62^6 the first above 2^32. */
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6
/** Shown of a key: 4 of its 43 random characters, of no use to whoever guesses. */
const HINT_LENGTH = API_KEY_PREFIX.length + 4
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/**
 * The form of every key that was ever made: `tutti_`, 43 random characters, 6 of their CRC-32. By it scanners for leaked
 * secrets know one.
 */
export const KEY_PATTERN = /^tutti_[0-9A-Za-z]{49}$/

function base62(n: bigint, length: number): string {
  let text = ''
  for (let rest = n; text.length < length; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text
  return text
}
const checksumOf = (secret: string): string => base62(BigInt(crc32(secret)), CHECKSUM_LENGTH)

/** A new key. It is 256 random bits, so a plain hash of it is safe to store. */
export function newKey(): string {
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH)
  return `${API_KEY_PREFIX}${secret}${checksumOf(secret)}`
}

/** Whether a text could be a key: one that was mistyped or made up is refused without a look into the database. */
export function isKey(text: string): boolean {
  if (!KEY_PATTERN.test(text)) return false
  const body = text.slice(API_KEY_PREFIX.length)
  return checksumOf(body.slice(0, SECRET_LENGTH)) === body.slice(SECRET_LENGTH)
}

/** Its beginning, by which its owner knows it again. */
export const hintOf = (key: string): string => key.slice(0, HINT_LENGTH)
