import type { Ctx } from '#kernel/module.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { createBearer } from './bearer.ts'
import { createProviders } from './providers.ts'
import { createSignInRoutes } from './routes.ts'
import { createLinks } from './service.ts'
import * as store from './store.ts'
import { resealTokens } from './tokens.ts'

const PRUNE_EVERY_MS = 600_000

/** Sign-in with others: its operations, its pages, the tokens of an outside issuer, and what it does by the clock. */
export function createOutside(ctx: Ctx<Tables>) {
  const providers = createProviders(ctx.config)
  return {
    api: createLinks(ctx, providers),
    routes: createSignInRoutes(ctx, providers),
    authenticateBearer: createBearer(ctx),
    cron: { name: 'identity.prune-sign-ins', everyMs: PRUNE_EVERY_MS, run: () => store.prune(ctx.db) },
    async start() {
      if (providers.all.length > 0 && !ctx.vault.isOpen)
        ctx.log.warn('sign-in with others is off: it keeps secrets, and the server has no ENCRYPT_KEY')
      await resealTokens(ctx)
    },
  }
}
