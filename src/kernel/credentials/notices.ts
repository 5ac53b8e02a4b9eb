import type { PubSub } from '#kernel/pubsub/index.ts'
import { LINK_CHANNEL, type LinkState } from '#kernel/pubsub/index.ts'
import { ACCESS_ENDED, type AccessEnded } from './names.ts'

/** Notices remembered for answers that are under way; when there were more since, an answer counts as concerned. */
const NOTICES_MAX = 1000

/** Who a credential belongs to. */
export type Holder = {
  readonly userId: string
  readonly sessionId?: string | undefined
  readonly keyId?: string | undefined
}
/** What a notice tells: that somebody's access ended, or that notices may have been missed. */
export type Notice = AccessEnded | 'missed'

/** The notices that access ended, as they come to this process. */
export type Notices = {
  /** False while the connection is known to be down, so that notices of other processes are being missed. */
  isLinked(): boolean
  /** A point in time, for `concern`. */
  mark(): number
  /** Whether a notice since `mark` may be about this holder. */
  concern(mark: number, holder: Holder): boolean
  /** Called for each notice, at once. */
  onNotice(handle: (notice: Notice) => void): void
}

export function createNotices(pubsub: PubSub): Notices {
  const recent: Notice[] = []
  const handlers: ((notice: Notice) => void)[] = []
  let count = 0
  let link: 'up' | 'down' | 'unknown' = 'unknown'
  const add = (notice: Notice) => {
    recent[count % NOTICES_MAX] = notice
    count += 1
    for (const handle of handlers) handle(notice)
  }
  pubsub.subscribe(ACCESS_ENDED, (payload) => add(payload as AccessEnded))
  pubsub.subscribe(LINK_CHANNEL, (payload) => {
    const state = payload as LinkState
    if (state !== 'lost') link = state
    add('missed')
  })
  const lookOnce = async () => {
    const { ok } = await pubsub.check()
    if (link === 'unknown' && !ok) link = 'down'
  }
  void lookOnce()
  return {
    isLinked: () => link !== 'down',
    mark: () => count,
    concern(mark, holder) {
      if (count - mark > NOTICES_MAX) return true
      for (let at = mark; at < count; at++) if (isAbout(recent[at % NOTICES_MAX] as Notice, holder)) return true
      return false
    },
    onNotice: (handle) => void handlers.push(handle),
  }
}

/** A notice names a session, a key, or with neither everything of the user. */
export function isAbout(notice: Notice, holder: Holder): boolean {
  if (notice === 'missed') return true
  if (notice.userId !== holder.userId) return false
  if (notice.sessionId !== undefined) return notice.sessionId === holder.sessionId
  return notice.keyId === undefined || notice.keyId === holder.keyId
}
