import { createHmac, timingSafeEqual } from 'node:crypto'
import { LINK_LENGTH_MAX } from './contract.ts'

/**
 * The text of a link: who it was made for, until when, and a signature over that and the song. The song itself is not
 * in it, because it stands in the address: beside another the signature is wrong.
 *
 * Layout, in bytes: version 1, key id 4, kind of the credential 1, expiry 4 (seconds), person 16, session or key 16
 * (not for `person`), signature 16; as base64url at most 80 characters.
 */
const VERSION = 1
const KINDS = ['person', 'session', 'key'] as const
const KEY_ID_BYTES = 4
const UUID_BYTES = 16
/** Half of SHA-256, the least that RFC 2104 advises. */
const MAC_BYTES = 16
const HEAD_BYTES = 1 + KEY_ID_BYTES + 1 + 4 + UUID_BYTES
const PURPOSE = 'tutti media link v1\0'

/** What a link stands for: a person by what they had signed in with when they made it. */
export type Claim = {
  readonly userId: string
  /** The link is good no longer than this session. */
  readonly sessionId?: string
  /** The same of an API key. */
  readonly keyId?: string
  readonly expiresSec: number
}
/** `id`: eight hex digits. */
export type LinkKey = { readonly id: string; readonly secret: Buffer }
export type Read = { readonly claim: Claim; readonly keyId: string; isSignedBy(key: LinkKey, songId: string): boolean }

const bytesOfId = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex')
const idOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

const macOf = (secret: Buffer, songId: string, head: Buffer): Buffer =>
  createHmac('sha256', secret).update(PURPOSE).update(bytesOfId(songId)).update(head).digest().subarray(0, MAC_BYTES)

export function writeLink(claim: Claim, songId: string, key: LinkKey): string {
  const holder = claim.sessionId ?? claim.keyId
  const kind = claim.sessionId ? 'session' : claim.keyId ? 'key' : 'person'
  const fixed = Buffer.alloc(1 + KEY_ID_BYTES + 1 + 4)
  fixed[0] = VERSION
  fixed.write(key.id, 1, 'hex')
  fixed[1 + KEY_ID_BYTES] = KINDS.indexOf(kind)
  fixed.writeUInt32BE(claim.expiresSec, 2 + KEY_ID_BYTES)
  const head = Buffer.concat([fixed, bytesOfId(claim.userId), ...(holder ? [bytesOfId(holder)] : [])])
  return Buffer.concat([head, macOf(key.secret, songId, head)]).toString('base64url')
}

/** Undefined for what has not the form of a link. What it says may be relied on only when `isSignedBy` says so. */
export function readLink(text: string): Read | undefined {
  if (text.length > LINK_LENGTH_MAX) return undefined
  const bytes = Buffer.from(text, 'base64url')
  const kind = KINDS[bytes[1 + KEY_ID_BYTES] ?? -1]
  const headBytes = HEAD_BYTES + (kind === 'person' ? 0 : UUID_BYTES)
  // One spelling for each link: what decodes to the same bytes otherwise is none.
  if (bytes[0] !== VERSION || !kind || bytes.length !== headBytes + MAC_BYTES) return undefined
  if (bytes.toString('base64url') !== text) return undefined
  const head = bytes.subarray(0, headBytes)
  const holder = kind === 'person' ? undefined : idOf(head.subarray(HEAD_BYTES))
  return {
    keyId: head.toString('hex', 1, 1 + KEY_ID_BYTES),
    claim: {
      userId: idOf(head.subarray(HEAD_BYTES - UUID_BYTES, HEAD_BYTES)),
      expiresSec: head.readUInt32BE(2 + KEY_ID_BYTES),
      ...(kind === 'session' ? { sessionId: holder as string } : {}),
      ...(kind === 'key' ? { keyId: holder as string } : {}),
    },
    isSignedBy: (key, songId) => timingSafeEqual(macOf(key.secret, songId, head), bytes.subarray(headBytes)),
  }
}
