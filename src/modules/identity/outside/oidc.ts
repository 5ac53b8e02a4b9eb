import * as client from 'openid-client'
import type { OidcProvider } from '#kernel/config/providers.ts'
import type { Departure, Found, Provider, Return } from './provider.ts'
import { ourWords } from './refusals.ts'

const SCOPE = 'openid email profile'
const TIMEOUT_SEC = 10
/** How long the discovery document of a provider is believed. */
const DISCOVERY_KEPT_MS = 3_600_000

/** An OpenID Connect provider: code flow with PKCE, state and nonce; the signature of the ID token is checked, too. */
export function oidcProvider(name: string, p: OidcProvider): Provider {
  const discovered = rememberFor(DISCOVERY_KEPT_MS, () => discover(p))
  return {
    key: `oidc:${name}`,
    name,
    label: p.label,
    path: `/auth/oidc/${name}`,
    authUrl: async (o) => departure(await discovered(), o),
    finish: async (o) => arrival(await discovered(), o),
  }
}

async function discover(p: OidcProvider): Promise<client.Configuration> {
  const issuer = new URL(p.issuer)
  const execute = [client.enableNonRepudiationChecks]
  // Who configures an issuer without TLS has one of the same machine or network.
  if (issuer.protocol === 'http:') execute.push(client.allowInsecureRequests)
  const more = { execute, timeout: TIMEOUT_SEC }
  try {
    return await client.discovery(issuer, p.clientId, {}, authentication(p.clientSecret), more)
  } catch (thrown) {
    throw ourWords(thrown)
  }
}

/** Basic is what every provider must offer (OpenID Connect Core, 9) and what a client that says nothing has. */
const authentication = (secret: string | undefined): client.ClientAuth =>
  secret === undefined ? client.None() : client.ClientSecretBasic(secret)

const departure = (config: client.Configuration, o: Departure): URL =>
  client.buildAuthorizationUrl(config, {
    redirect_uri: o.redirectUri,
    scope: SCOPE,
    state: o.state,
    nonce: o.nonce,
    code_challenge: o.codeChallenge,
    code_challenge_method: 'S256',
  })

async function arrival(config: client.Configuration, o: Return): Promise<Found> {
  const tokens = await client.authorizationCodeGrant(config, new URL(`${o.redirectUri}?${o.query}`), {
    pkceCodeVerifier: o.verifier,
    expectedState: o.state,
    expectedNonce: o.nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims() as client.IDToken
  return foundIn(claims.iss, await aboutPerson(config, claims, tokens.access_token))
}

type Claims = { sub: string; [claim: string]: unknown }

/** The ID token where it says enough; else what the provider tells of the same subject. */
async function aboutPerson(config: client.Configuration, claims: client.IDToken, accessToken: string): Promise<Claims> {
  if (claims['email'] !== undefined || !config.serverMetadata().userinfo_endpoint) return claims
  return client.fetchUserInfo(config, accessToken, claims.sub)
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** Claims of a verified token or of userinfo. `email_verified` of some providers is a text. */
export const foundIn = (issuer: string, claims: Claims): Found => ({
  issuer,
  subject: claims.sub,
  email: textOf(claims['email']),
  emailVerified: claims['email_verified'] === true || claims['email_verified'] === 'true',
  name: textOf(claims['name']) ?? textOf(claims['given_name']),
  nickname: textOf(claims['preferred_username']) ?? textOf(claims['nickname']),
})

/** One making at a time; what failed is not remembered. */
function rememberFor<T>(keptMs: number, make: () => Promise<T>): () => Promise<T> {
  let kept: { at: number; value: Promise<T> } | undefined
  return () => {
    if (kept && Date.now() - kept.at < keptMs) return kept.value
    const fresh = { at: Date.now(), value: make() }
    kept = fresh
    fresh.value.catch(() => {
      if (kept === fresh) kept = undefined
    })
    return fresh.value
  }
}
