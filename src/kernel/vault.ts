import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { unavailable } from '#kernel/errors.ts'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const MARK_BYTES = 16
const KEY_BYTES = 32
const KEY_ID_BYTES = 4
/** `sealed:v1:<id of the key>:<base64 of nonce, mark and text>`. */
const SEALED = /^sealed:v1:([0-9a-f]{8}):([\w+/]+={0,2})$/
/** What versions before the first vault wrote: the key is a plain hash, and no place is named. */
const FORMER = /^sealed:([\w+/]+={0,2})$/

/** Seals secrets that must be read again (signing keys, tokens of other services) before they go into the database. */
export type Vault = {
  /** False when there is no key: nothing can be sealed then. */
  readonly isOpen: boolean
  /**
   * `about` names the place the text is kept at (`identity.identities:<id>:tokens`): only there can it be opened, so
   * that who may write to the database cannot pass one row's secret off as another's. Throws 503 `encrypt_key_missing`.
   */
  seal(plain: string, about: string): string
  /** Undefined when it was sealed elsewhere, with a key that is not known any more, or was changed. */
  open(sealed: string, about: string): string | undefined
  /** Whether the key of now sealed it. */
  isCurrent(sealed: string): boolean
}
export type VaultKeys = { current: string | undefined; previous: readonly string[] }

type Key = { id: string; bytes: Buffer; former: Buffer }

/** The first key seals, all of them open. */
export function createVault({ current, previous }: VaultKeys): Vault {
  const known = (current === undefined ? previous : [current, ...previous]).map(toKey)
  const sealing = current === undefined ? undefined : known[0]
  return {
    isOpen: sealing !== undefined,
    seal(plain, about) {
      if (!sealing)
        throw unavailable(
          'encrypt_key_missing',
          'This needs a secret to be kept, and the server has no ENCRYPT_KEY: its operator has to set one.',
        )
      return `sealed:v1:${sealing.id}:${encrypt(plain, sealing.bytes, about).toString('base64')}`
    },
    open(sealed, about) {
      const [, id, text] = SEALED.exec(sealed) ?? []
      if (text !== undefined) {
        const keys = known.filter((k) => k.id === id)
        return firstOf(keys, (k) => decrypt(Buffer.from(text, 'base64'), k.bytes, about))
      }
      const [, old] = FORMER.exec(sealed) ?? []
      return old === undefined ? undefined : firstOf(known, (k) => decrypt(Buffer.from(old, 'base64'), k.former))
    },
    isCurrent: (sealed) => sealing !== undefined && SEALED.exec(sealed)?.[1] === sealing.id,
  }
}

export const isSealed = (text: string): boolean => text.startsWith('sealed:')

export type SealedRow = { readonly sealed: string; readonly about: string }
/**
 * Seals anew what is plain or was sealed with a former key; call it at the start for every column that is sealed.
 * `store` must write only while the row still holds `row.sealed`: another process may be doing the same. `lost` counts
 * rows that no known key opens; they are left as they are. Without a key nothing happens.
 */
export async function resealRows<R extends SealedRow>(
  vault: Vault,
  rows: readonly R[],
  store: (row: R, sealed: string) => Promise<unknown>,
): Promise<{ resealed: number; lost: number }> {
  const done = { resealed: 0, lost: 0 }
  if (!vault.isOpen) return done
  for (const row of rows) {
    if (vault.isCurrent(row.sealed)) continue
    const plain = isSealed(row.sealed) ? vault.open(row.sealed, row.about) : row.sealed
    if (plain === undefined) {
      done.lost += 1
      continue
    }
    await store(row, vault.seal(plain, row.about))
    done.resealed += 1
  }
  return done
}

/** The text of a key is long and random, so a fast derivation is enough. The id tells keys apart and nothing else. */
function toKey(text: string): Key {
  const derive = (purpose: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', text, 'tutti vault v1', purpose, bytes))
  return {
    id: derive('id', KEY_ID_BYTES).toString('hex'),
    bytes: derive(ALGORITHM, KEY_BYTES),
    former: createHash('sha256').update(text).digest(),
  }
}

function encrypt(plain: string, key: Buffer, about: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(about))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body])
}

function decrypt(sealed: Buffer, key: Buffer, about?: string): string | undefined {
  if (sealed.length < NONCE_BYTES + MARK_BYTES) return undefined
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: MARK_BYTES })
  if (about !== undefined) decipher.setAAD(Buffer.from(about))
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + MARK_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + MARK_BYTES)), decipher.final()]).toString()
  } catch {
    return undefined
  }
}

function firstOf<T>(keys: readonly Key[], open: (key: Key) => T | undefined): T | undefined {
  for (const key of keys) {
    const found = open(key)
    if (found !== undefined) return found
  }
  return undefined
}
