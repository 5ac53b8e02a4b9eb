import { event, job } from '#kernel/module.ts'
import { Id, Type } from '#kernel/schema.ts'

/** The person is gone: every module forgets what it keeps of them. May come more than once. */
export const userDeleted = event('identity.user-deleted.v1', Type.Object({ userId: Id }))

/** No account has this picture any more. */
export const removePicture = job('identity.remove-picture.v1', Type.Object({ name: Type.String() }), { lane: 'quick' })

/** Hours of tries, because mail servers may be down for as long. */
const LETTER_TRIES_MAX = 10
export const sendLetter = job('identity.send-letter.v1', Type.Object({ letterId: Id }), {
  lane: 'quick',
  maxAttempts: LETTER_TRIES_MAX,
})
