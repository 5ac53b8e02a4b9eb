import { event } from '#kernel/module.ts'
import { Id, Type } from '#kernel/schema.ts'

export const userDeleted = event('identity.user-deleted.v1', Type.Object({ userId: Id }))
/** PubSub channel: a session or a whole user lost access; every process forgets what it had cached. */
export const ACCESS_ENDED = 'identity.access-ended'
export type AccessEnded = { userId: string; sessionId?: string }
