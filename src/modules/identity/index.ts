import { defineModule, type NoNeeds } from '#kernel/module.ts'
import { cookieAnswers } from './cookies.ts'
import { identity } from './schema.ts'
import { announceSetup, createService } from './service.ts'
import { pruneSessions, type Tables } from './store.ts'

const DAY_MS = 86_400_000

export default defineModule<Tables, { identity: typeof identity }, NoNeeds>({
  name: 'identity',
  contracts: { identity },
  needs: {},
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx) {
    const { give, take } = cookieAnswers(ctx.config)
    return {
      api: { identity: createService(ctx) },
      answers: { identity: { register: give, login: give, refresh: give, logout: take } },
      cron: [{ name: 'identity.prune-sessions', everyMs: DAY_MS, run: () => pruneSessions(ctx.db) }],
      start: () => announceSetup(ctx),
    }
  },
})
