import type { Api } from '#kernel/contract.ts'
import { conflict, notFound } from '#kernel/errors.ts'
import { ACCESS_ENDED } from '#kernel/identify.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { returnPath, sameMachine } from './addresses.ts'
import { exchange, redeemLink } from './codes.ts'
import type { links } from './contract.ts'
import { beginFlow } from './flows.ts'
import type { Providers } from './providers.ts'
import * as store from './store.ts'
import { livingToken } from './tokens.ts'

type Context = Ctx<Tables>
type Service = Api<typeof links>

export function createLinks(ctx: Context, providers: Providers): Service {
  const shown = (row: store.IdentityRow) => toLink(providers, row)
  return {
    async signInProviders() {
      // Without a key nothing can be sealed, so no sign-in could begin.
      const usable = ctx.vault.isOpen ? providers.all : []
      const items = usable.map((p) => ({ provider: p.name, label: p.label, loginUrl: `/api/v1${p.path}/login` }))
      return { items, nextCursor: null }
    },
    exchange: (who, input) => exchange(ctx, who, input),
    async links(who) {
      signedIn(who)
      return { items: (await store.identitiesOf(ctx.db, who.userId)).map(shown), nextCursor: null }
    },
    async beginLink(who, { provider, returnTo, origin }) {
      signedIn(who)
      const front = origin === undefined ? undefined : sameMachine(origin, ctx.origin())
      const flow = { returnTo: returnPath(returnTo), userId: who.userId, front }
      return { authUrl: await beginFlow(ctx, providers.byName(provider), flow) }
    },
    async completeLink(who, { linkCode }) {
      signedIn(who)
      return shown(await redeemLink(ctx, who, linkCode))
    },
    async unlink(who, { id }) {
      signedIn(who)
      const gone = await ctx.write(async (tx) => {
        const row = await removeLink(providers, tx, who.userId, id)
        await audit(tx, who, { action: 'identity.unlinked', subjectId: who.userId, detail: { provider: row.provider } })
        return row
      })
      // Its tokens were good on every route: whoever remembers whose they are forgets it.
      if (gone.issuer === ctx.config.bearerIssuer) await ctx.pubsub.publish(ACCESS_ENDED, { userId: who.userId })
      return {}
    },
    async outsideToken(_who, { userId, provider }) {
      const token = await livingToken(ctx, providers.byName(provider), userId)
      return token && { accessToken: token.accessToken, expiresAt: token.expiresAt, scopes: [...token.scopes] }
    },
  }
}

/** Throws 404 for a link of nobody or another, 409 for the only way in. */
async function removeLink(providers: Providers, tx: Db, userId: string, id: string): Promise<store.IdentityRow> {
  const user = await store.lockUser(tx, userId)
  const all = await store.identitiesOf(tx, userId)
  const row = all.find((r) => r.id === id)
  if (!user || !row) throw notFound('link')
  const isWayIn = (r: store.IdentityRow) => r.id !== id && providers.isLiving(r.provider)
  if (user.password_hash === null && !all.some(isWayIn))
    throw conflict(
      'last_sign_in',
      'This is the only way to sign in to your account: set a password or link another first.',
    )
  await store.deleteIdentity(tx, id)
  return row
}

const toLink = (providers: Providers, r: store.IdentityRow) => ({
  id: r.id,
  provider: r.provider.replace(/^oidc:/, ''),
  label: providers.labelOf(r.provider, r.issuer),
  name: r.name,
  email: r.email,
  needsConsent: r.consent_ended_at !== null,
  linkedAt: r.created_at.toISOString(),
  usedAt: r.used_at.toISOString(),
})
