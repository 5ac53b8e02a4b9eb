import { randomBytes, timingSafeEqual } from 'node:crypto'
import { countedAs } from '#kernel/counters/address.ts'
import { COST } from './passwords-cost.ts'
import type { Rank } from './passwords-queue.ts'
import { createThreads } from './passwords-threads.ts'

export { passwordFault } from './passwords-rules.ts'

const NONCE_BYTES = 16

/** Of this process: started at the first sign-in, ended when nobody signs in any more. */
const threads = createThreads()

/** On whose behalf: addresses take turns, and who is known here goes before strangers. */
export type OnBehalf = { readonly address?: string | undefined; readonly rank?: Rank }
const askerOf = ({ address = '', rank = 'unknown' }: OnBehalf) => ({ group: countedAs(address), rank })

/**
 * In the PHC form `$argon2id$v=19$m=…,t=…,p=…$nonce$tag`, so that the cost can rise later. Rejects with 503 `busy` when
 * too many sign in at once.
 */
export async function hashPassword(password: string, who: OnBehalf = {}): Promise<string> {
  const nonce = randomBytes(NONCE_BYTES)
  const tag = await threads.derive({ message: password.normalize('NFKC'), nonce, ...COST }, askerOf(who))
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${nonce.toString('base64url')}$${tag.toString('base64url')}`
}

/** Takes as long for no hash at all as for a wrong password: an answer's time does not tell who exists. */
export async function verifyPassword(
  password: string,
  hash: string | null | undefined,
  who: OnBehalf = {},
): Promise<boolean> {
  const known = parse(hash ?? '')
  const { tag, ...cost } = known ?? { ...COST, nonce: Buffer.alloc(NONCE_BYTES), tag: Buffer.alloc(COST.tagLength) }
  const message = password.normalize('NFKC')
  const found = await threads.derive({ message, ...cost, tagLength: tag.length }, askerOf(who))
  return timingSafeEqual(found, tag) && known !== undefined
}

/** Made with less work than today's hashes. */
export function isOutdated(hash: string): boolean {
  const known = parse(hash)
  return known === undefined || known.memory < COST.memory || known.passes < COST.passes
}

function parse(hash: string) {
  const m = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/.exec(hash)
  if (!m) return undefined
  const [, memory, passes, parallelism, nonce, tag] = m as unknown as [string, string, string, string, string, string]
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64url'),
    tag: Buffer.from(tag, 'base64url'),
  }
}
