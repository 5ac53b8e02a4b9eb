import { event } from '#kernel/module.ts'
import { Id, Type } from '#kernel/schema.ts'

export const userDeleted = event('identity.user-deleted.v1', Type.Object({ userId: Id }))
