import { defineModule, type NoNeeds } from '#kernel/module.ts'
import { createAccounts } from './accounts/service.ts'
import { announceSetup } from './accounts/setup.ts'
import { createProfile } from './profile/service.ts'
import { identity, profile } from './schema.ts'
import { authenticate } from './sessions/authenticate.ts'
import { cookieAnswers } from './sessions/cookies.ts'
import { createSessions } from './sessions/service.ts'
import { pruneSessions } from './sessions/store.ts'
import type { Tables } from './tables.ts'
import { toPublicUser, usersById } from './users.ts'

const DAY_MS = 86_400_000

export default defineModule<Tables, { identity: typeof identity; profile: typeof profile }, NoNeeds>({
  name: 'identity',
  contracts: { identity, profile },
  needs: {},
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx) {
    const { give, take } = cookieAnswers(ctx.config)
    return {
      api: {
        identity: {
          ...createAccounts(ctx),
          ...createSessions(ctx),
          authenticate: (_who, credential) => authenticate(ctx, credential),
          getUsers: async (_who, { ids }) => (await usersById(ctx.db, ids)).map(toPublicUser),
        },
        profile: createProfile(ctx),
      },
      answers: { identity: { register: give, login: give, refresh: give, logout: take } },
      cron: [{ name: 'identity.prune-sessions', everyMs: DAY_MS, run: () => pruneSessions(ctx.db) }],
      start: () => announceSetup(ctx),
    }
  },
})
