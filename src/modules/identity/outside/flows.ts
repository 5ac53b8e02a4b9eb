import { calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client'
import type { Ctx } from '#kernel/module.ts'
import { hashOf } from '#modules/identity/secrets.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { redirectUriOf } from './addresses.ts'
import type { Found, Provider } from './provider.ts'
import { flowInvalid, ourWords, sayWhy } from './refusals.ts'
import * as store from './store.ts'

/** How long somebody may take at the provider. */
export const FLOW_LIFE_SEC = 600

type Context = Ctx<Tables>
type Beginning = {
  returnTo: string | undefined
  /** Where the front end was, when that is another name of this machine than the one to come back to. */
  front?: string | undefined
  /** Of the browser that leaves; absent for an app that will open the address elsewhere. */
  binding?: string
  codeChallenge?: string | undefined
  /** Who wants to link, instead of to sign in. */
  userId?: string
}

const aboutVerifier = (stateHash: Buffer) => `identity.flows:${stateHash.toString('hex')}:verifier`

/** Remembers a sign-in that begins and answers where the browser is to go. */
export async function beginFlow(ctx: Context, provider: Provider, o: Beginning): Promise<string> {
  const state = randomState()
  const stateHash = hashOf(state)
  const nonce = randomNonce()
  const verifier = randomPKCECodeVerifier()
  const sealed = ctx.vault.seal(verifier, aboutVerifier(stateHash))
  const redirectUri = redirectUriOf(provider, ctx.origin())
  const codeChallenge = await calculatePKCECodeChallenge(verifier)
  const authUrl = await provider.authUrl({ redirectUri, state, nonce, codeChallenge })
  await store.insertFlow(ctx.db, {
    state_hash: stateHash,
    provider: provider.key,
    verifier: sealed,
    nonce,
    redirect_uri: redirectUri,
    binding_hash: o.binding === undefined ? null : hashOf(o.binding),
    code_challenge: o.codeChallenge ?? null,
    front: o.front ?? null,
    return_to: o.returnTo ?? null,
    user_id: o.userId ?? null,
    expires_at: new Date(ctx.now().getTime() + FLOW_LIFE_SEC * 1000),
  })
  return authUrl.href
}

export type Flow = store.FlowRow

/** The sign-in that this state belongs to, taken out: a state is good once, at the provider it was made for. */
export async function takeFlow(ctx: Context, provider: Provider, state: string | undefined): Promise<Flow | undefined> {
  if (state === undefined) return undefined
  const flow = await store.takeFlow(ctx.db, hashOf(state))
  return flow && flow.provider === provider.key && flow.expires_at > ctx.now() ? flow : undefined
}

/** Who came back. Throws an AppError of ours, whatever the provider said. */
export async function finishFlow(
  ctx: Context,
  provider: Provider,
  o: { flow: Flow; state: string; query: string },
): Promise<Found> {
  const verifier = ctx.vault.open(o.flow.verifier, aboutVerifier(o.flow.state_hash))
  if (verifier === undefined) throw flowInvalid()
  const { redirect_uri: redirectUri, nonce } = o.flow
  try {
    return await provider.finish({ redirectUri, query: o.query, state: o.state, nonce, verifier })
  } catch (thrown) {
    const error = ourWords(thrown)
    if (error.code !== 'sign_in_cancelled')
      ctx.log.warn({ provider: provider.key, ...sayWhy(thrown) }, 'a sign-in with others failed')
    throw error
  }
}
