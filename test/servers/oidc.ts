import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { Provider } from 'oidc-provider'
import { consentPage, formOf, listen, sendPage } from './http.ts'

/** What the provider knows of a person. */
export type OidcPerson = {
  sub: string
  email?: string
  email_verified?: boolean
  name?: string
  preferred_username?: string
}
export type OidcServer = {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Who has an account there, by what they type in. */
  readonly people: Map<string, OidcPerson>
  /** Tells it where it may send browsers back to; before the first sign-in. */
  allow(redirectUris: readonly string[]): void
  stop(): Promise<void>
}

/**
 * A real OpenID Connect provider (the `oidc-provider` package) with one confidential client. People sign in on a page
 * with a form and agree in the same step.
 */
export async function startOidcServer(): Promise<OidcServer> {
  const server = await listen()
  const people = new Map<string, OidcPerson>()
  const clientId = 'tutti'
  const clientSecret = randomBytes(24).toString('base64url')
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'one', use: 'sig', alg: 'RS256' }
  return {
    issuer: server.url,
    clientId,
    clientSecret,
    people,
    allow(redirectUris) {
      const provider = providerFor(server.url, { clientId, clientSecret, redirectUris, jwk }, people)
      const protocol = provider.callback()
      server.handle((request, response) => {
        if (request.url?.startsWith('/interaction/')) void interact(provider, people, request, response)
        else void protocol(request, response)
      })
    },
    stop: () => server.stop(),
  }
}

type Client = { clientId: string; clientSecret: string; redirectUris: readonly string[]; jwk: JWK }

const LIFE_SEC = 600

function providerFor(issuer: string, c: Client, people: Map<string, OidcPerson>): Provider {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: c.clientId,
        client_secret: c.clientSecret,
        redirect_uris: [...c.redirectUris],
        application_type: 'native',
      },
    ],
    jwks: { keys: [c.jwk] },
    ttl: { Interaction: LIFE_SEC, Grant: LIFE_SEC, Session: LIFE_SEC, AccessToken: LIFE_SEC, IdToken: LIFE_SEC },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) => {
      const person = [...people.values()].find((p) => p.sub === id)
      return person && { accountId: id, claims: async () => ({ ...person }) }
    },
  })
  provider.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack ?? error.message}\n`))
  return provider
}

async function interact(
  provider: Provider,
  people: Map<string, OidcPerson>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') return sendPage(response, 200, consentPage('Sign in', request.url ?? '/'))
  const form = await formOf(request)
  const person = people.get(form.get('login') ?? '')
  if (form.get('choice') === 'cancel' || !person) {
    const refusal = { error: 'access_denied', error_description: 'The person did not agree.' }
    return provider.interactionFinished(request, response, refusal)
  }
  const { params } = await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId: person.sub, clientId: String(params['client_id']) })
  grant.addOIDCScope(String(params['scope']))
  const result = { login: { accountId: person.sub }, consent: { grantId: await grant.save() } }
  await provider.interactionFinished(request, response, result)
}
