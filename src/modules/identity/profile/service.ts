import type { Api, RawHandlers } from '#kernel/contract.ts'
import { notFound } from '#kernel/errors.ts'
import type { Cron, Ctx, EventHandler, JobHandler } from '#kernel/module.ts'
import { createAttempts } from '#modules/identity/accounts/attempts.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { toPublicUser } from '#modules/identity/users.ts'
import { createAvatarRoutes, deleteAvatar, removePictureHandler, sweepPictures } from './avatar.ts'
import { createBlocks } from './blocks.ts'
import type { profile } from './contract.ts'
import { eraseMe, forgetStrays, onUserDeleted } from './erase.ts'
import { exportMe } from './export.ts'
import { updateMe } from './me.ts'
import { createPictures } from './pictures.ts'
import { myStats } from './stats.ts'
import { visibleUser } from './visible.ts'

const DAY_MS = 86_400_000
/** Longest time for which something of an erased person can stay in the audit log. */
const STRAYS_EVERY_MS = 600_000

type Room = {
  api: Api<typeof profile>
  routes: RawHandlers<typeof profile>
  on: readonly EventHandler<Tables>[]
  jobs: readonly JobHandler[]
  cron: readonly Cron[]
}

export function createProfile(ctx: Ctx<Tables>): Room {
  const d = { ctx, pictures: createPictures(ctx) }
  const attempts = createAttempts(ctx.counters)
  return {
    api: {
      ...createBlocks(ctx),
      async getUser(who, { id }) {
        const row = await visibleUser(ctx.db, who, id)
        if (!row) throw notFound('user')
        return toPublicUser(row)
      },
      updateMe: (who, changes) => updateMe(ctx, who, changes),
      deleteAvatar: (who) => deleteAvatar(d, who),
      myStats: (who) => myStats(ctx, who),
      eraseMe: (who, given) => eraseMe(ctx, attempts, who, given),
    },
    routes: {
      ...createAvatarRoutes(d),
      exportMe: (who, _input, request, reply) => exportMe(d, who, request, reply),
    },
    on: [onUserDeleted(ctx)],
    jobs: [removePictureHandler(d)],
    cron: [
      { name: 'identity.sweep-pictures', everyMs: DAY_MS, run: async () => void (await sweepPictures(d)) },
      { name: 'identity.forget-strays', everyMs: STRAYS_EVERY_MS, run: () => forgetStrays(ctx) },
    ],
  }
}
