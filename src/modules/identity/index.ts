import { withETag } from '#kernel/http/revision.ts'
import { defineModule, type NoNeeds } from '#kernel/module.ts'
import { createAccounts } from './accounts/service.ts'
import { announceSetup } from './accounts/setup.ts'
import { createAdmin } from './admin/service.ts'
import { createApiKeys } from './api-keys/service.ts'
import { pruneKeys } from './api-keys/store.ts'
import { onModerated } from './audit/moderation.ts'
import { pruneAudit } from './audit/store.ts'
import { links } from './outside/contract.ts'
import { createOutside } from './outside/index.ts'
import { createProfile } from './profile/service.ts'
import { createRecovery } from './recovery/service.ts'
import { admin, apiKeys, identity, profile } from './schema.ts'
import { authenticate } from './sessions/authenticate.ts'
import { cookieAnswers } from './sessions/cookies.ts'
import { createSessions } from './sessions/service.ts'
import { standing } from './sessions/standing.ts'
import { pruneSessions } from './sessions/store.ts'
import type { Tables } from './tables.ts'
import { toPublicUser, usersById } from './users.ts'

const DAY_MS = 86_400_000

type Contracts = {
  identity: typeof identity
  profile: typeof profile
  apiKeys: typeof apiKeys
  admin: typeof admin
  links: typeof links
}

export default defineModule<Tables, Contracts, NoNeeds>({
  name: 'identity',
  contracts: { identity, profile, links, apiKeys, admin },
  needs: {},
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx) {
    const { give, take } = cookieAnswers(ctx.config)
    const outside = createOutside(ctx)
    const personal = createProfile(ctx)
    const recovery = createRecovery(ctx)
    return {
      api: {
        identity: {
          ...createAccounts(ctx),
          ...createSessions(ctx),
          ...recovery.api,
          standing: (_who, asked) => standing(ctx.db, asked),
          authenticate: (_who, credential) => authenticate(ctx, credential, outside.authenticateBearer),
          getUsers: async (_who, { ids }) => (await usersById(ctx.db, ids)).map(toPublicUser),
        },
        profile: personal.api,
        apiKeys: createApiKeys(ctx),
        admin: createAdmin(ctx),
        links: outside.api,
      },
      routes: { profile: personal.routes, links: outside.routes },
      answers: {
        identity: { register: give, login: give, refresh: give, logout: take, me: withETag, changePassword: give },
        profile: { updateMe: withETag },
        links: { exchange: give },
      },
      on: [...personal.on, onModerated],
      jobs: [...personal.jobs, ...recovery.jobs],
      cron: [
        ...personal.cron,
        ...recovery.cron,
        { name: 'identity.prune-sessions', everyMs: DAY_MS, run: () => pruneSessions(ctx.db) },
        outside.cron,
        { name: 'identity.prune-api-keys', everyMs: DAY_MS, run: () => pruneKeys(ctx.db) },
        {
          name: 'identity.prune-audit-log',
          everyMs: DAY_MS,
          run: (signal) => pruneAudit(ctx.db, { days: ctx.config.auditLogDays, now: ctx.now(), signal }),
        },
      ],
      async start() {
        await announceSetup(ctx)
        await outside.start()
      },
    }
  },
})
