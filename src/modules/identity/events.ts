import { event, job } from '#kernel/module.ts'
import { Id, Type } from '#kernel/schema.ts'

export const userDeleted = event('identity.user-deleted.v1', Type.Object({ userId: Id }))

/** Hours of tries, because mail servers may be down for as long. */
const LETTER_TRIES_MAX = 10
export const sendLetter = job('identity.send-letter.v1', Type.Object({ letterId: Id }), {
  lane: 'quick',
  maxAttempts: LETTER_TRIES_MAX,
})
