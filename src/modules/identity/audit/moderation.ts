import { system } from '#kernel/caller.ts'
import { on } from '#kernel/module.ts'
import { moderated } from '#modules/catalog/events.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { audit } from './audit.ts'

/** What admins do to songs and albums is remembered with what they do to accounts. */
export const onModerated = on<Tables, typeof moderated.payload>(moderated, async (tx, m, { key }) => {
  const by = system(key)
  await audit(tx, m.actorId === null ? by : { ...by, userId: m.actorId }, {
    action: `${m.kind}.${m.isVisible ? 'shown' : 'hidden'}`,
    ...(m.ownerId === null ? {} : { subjectId: m.ownerId }),
    detail: m.title === null ? { id: m.id } : { id: m.id, title: m.title },
  })
})
