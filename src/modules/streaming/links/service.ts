import type { ServerResponse } from 'node:http'
import { type Caller, type SignedIn, system } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { unauthorized } from '#kernel/errors.ts'
import { createUnderWay } from '#kernel/http/under-way.ts'
import { ACCESS_ENDED, type AccessEnded } from '#kernel/identify.ts'
import type { PubSub } from '#kernel/pubsub/index.ts'
import type { identity } from '#modules/identity/schema.ts'
import type { LinkKeys } from './keys.ts'
import { type Claim, readLink, writeLink } from './token.ts'

/** Expiries are rounded down to a share of the life: who asks again soon gets the same address, which a browser has kept. */
const STEPS_OF_LIFE = 12

export type Link = { readonly token: string; readonly expiresAt: Date }
type Deps = {
  readonly keys: LinkKeys
  readonly identity: Pick<Api<typeof identity>, 'standing'>
  readonly pubsub: Pick<PubSub, 'subscribe'>
  readonly now: () => Date
}

/**
 * Links let whoever has the address play one song, as the person who made them would: for players that cannot send
 * headers. They say who asks, and nothing else: what that person may hear is decided as ever, at each use. A link is
 * good until it expires, and no longer than the session or API key it was made with.
 */
export function createLinks(d: Deps) {
  const underWay = createUnderWay()
  d.pubsub.subscribe(ACCESS_ENDED, (ended) => underWay.cut(ended as AccessEnded))
  return {
    async make(who: SignedIn, songId: string, lifeSec: number): Promise<Link> {
      const stepSec = Math.ceil(lifeSec / STEPS_OF_LIFE)
      const expiresSec = Math.floor((d.now().getTime() / 1000 + lifeSec) / stepSec) * stepSec
      const token = writeLink({ ...holderOf(who), expiresSec }, songId, await d.keys.signing())
      return { token, expiresAt: new Date(expiresSec * 1000) }
    },
    /** The person a link stands for. Throws 401 `media_link_invalid`, `media_link_expired`, `media_link_ended`. */
    async callerOf(asking: Caller, songId: string, link: string): Promise<Caller> {
      const claim = await proven(d.keys, songId, link)
      if (claim.expiresSec * 1000 <= d.now().getTime()) throw expired()
      const { userId, sessionId, keyId } = claim
      const by = { ...(sessionId && { sessionId }), ...(keyId && { keyId }) }
      const standing = await d.identity.standing(system(asking.requestId), { userId, ...by })
      if (!standing || !(standing.scopes?.includes('read') ?? true)) throw ended()
      const { address, userAgent, requestId } = asking
      const from = { requestId, ...(address && { address }), ...(userAgent && { userAgent }) }
      return { kind: 'user', userId, role: standing.role, ...by, scopes: ['read'], ...from }
    },
    /** Bytes on their way through a link end with the access of its person. */
    watch: (who: Caller, answer: ServerResponse): void => underWay.add(who, answer),
  }
}
export type Links = ReturnType<typeof createLinks>

const holderOf = ({ userId, sessionId, keyId }: SignedIn): Omit<Claim, 'expiresSec'> => ({
  userId,
  ...(sessionId ? { sessionId } : keyId ? { keyId } : {}),
})

async function proven(keys: LinkKeys, songId: string, link: string): Promise<Claim> {
  const read = readLink(link)
  const key = read && (await keys.find(read.keyId))
  if (!read || !key || !read.isSignedBy(key, songId)) throw invalid()
  return read.claim
}

const invalid = () =>
  unauthorized('media_link_invalid', 'This link is not one that this server made for this song: ask for a new one.')
const expired = () => unauthorized('media_link_expired', 'This link has expired: ask for a new one.')
const ended = () =>
  unauthorized('media_link_ended', 'Who made this link has signed out, or has no access any more: ask for a new one.')
