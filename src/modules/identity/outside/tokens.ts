import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { resealRows } from '#kernel/vault.ts'
import type { Tables } from '#modules/identity/tables.ts'
import type { OutsideTokens, Provider } from './provider.ts'
import { ourWords } from './refusals.ts'
import * as store from './store.ts'

/** A token that lives shorter than this is renewed first: whoever gets it has time to use it. */
const LIFE_LEFT_MS_MIN = 60_000
/** Longer than a provider may take to answer; who dies while renewing holds the others up for this long. */
const LEASE_SEC = 20
const LOOK_AGAIN_MS = 100
const WAIT_MS_MAX = (LEASE_SEC + 2) * 1000
const RESEAL_PAGE = 200
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

type Context = Ctx<Tables>

const aboutTokens = (identityId: string) => `identity.identities:${identityId}:tokens`
export const sealTokens = (ctx: Context, identityId: string, tokens: OutsideTokens): string =>
  ctx.vault.seal(JSON.stringify(tokens), aboutTokens(identityId))

function openTokens(ctx: Context, row: store.IdentityRow): OutsideTokens | undefined {
  const plain = row.tokens === null ? undefined : ctx.vault.open(row.tokens, aboutTokens(row.id))
  return plain === undefined ? undefined : (JSON.parse(plain) as OutsideTokens)
}

/**
 * A living token of a user at a provider, renewed where it has run out. One process renews an identity's tokens at a
 * time, because a provider may take a refresh token once; the others wait for what it got. Null without a link, and
 * when the provider does not honour the consent any more (the link is then marked).
 */
export async function livingToken(ctx: Context, provider: Provider, userId: string): Promise<OutsideTokens | null> {
  const until = Date.now() + WAIT_MS_MAX
  while (Date.now() < until) {
    const row = await store.identityWithTokens(ctx.db, userId, provider.key)
    const tokens = row && openTokens(ctx, row)
    if (!row || !tokens) return null
    if (Date.parse(tokens.expiresAt) - ctx.now().getTime() > LIFE_LEFT_MS_MIN) return tokens
    const leased = await store.leaseRenewal(ctx.db, row.id, LEASE_SEC)
    // Between the reading and the lease another may have renewed: only what is still there is spent.
    if (leased?.tokens === row.tokens) return renewed(ctx, provider, leased, tokens)
    if (leased) await store.endLease(ctx.db, row.id)
    else await delay(LOOK_AGAIN_MS)
  }
  throw unavailable('busy', 'The access to the provider is being renewed: try again in a moment.', 1)
}

async function renewed(
  ctx: Context,
  provider: Provider,
  row: store.IdentityRow,
  former: OutsideTokens,
): Promise<OutsideTokens | null> {
  try {
    const tokens = await provider.renew?.(former)
    const kept = tokens
      ? { tokens: sealTokens(ctx, row.id, tokens), scopes: tokens.scopes.join(' ') }
      : { tokens: null, consent_ended_at: ctx.now() }
    await store.settleRenewal(ctx.db, row, kept)
    return tokens ?? null
  } catch (thrown) {
    await store.endLease(ctx.db, row.id)
    throw ourWords(thrown)
  }
}

/** After the key of the vault has changed, everything kept is sealed with the one of now. */
export async function resealTokens(ctx: Context): Promise<void> {
  let after = FIRST_ID
  for (;;) {
    const page = await store.sealedTokens(ctx.db, after, RESEAL_PAGE)
    const last = page.at(-1)
    if (!last) return
    after = last.id
    const rows = page.map((r) => ({ id: r.id, sealed: r.tokens as string, about: aboutTokens(r.id) }))
    const { resealed, lost } = await resealRows(ctx.vault, rows, (r, sealed) =>
      store.replaceTokens(ctx.db, r.id, r.sealed, sealed),
    )
    if (resealed > 0) ctx.log.info({ resealed }, 'outside tokens were sealed anew')
    if (lost > 0) ctx.log.warn({ lost }, 'no known ENCRYPT_KEY opens some outside tokens: those links need new consent')
  }
}
