import type { Config } from '#kernel/config/index.ts'
import { type OidcServer, startOidcServer } from './oidc.ts'
import { type SpotifyServer, startSpotifyServer } from './spotify.ts'

/** An OpenID Connect provider (`keycloak`) and a Spotify that run, and the settings by which an app knows them. */
export type Providers = {
  readonly oidc: OidcServer
  readonly spotify: SpotifyServer
  readonly config: Partial<Config>
  /** Tells both where the app is. */
  allow(appUrl: string): void
  stop(): Promise<void>
}

export async function startProviders(): Promise<Providers> {
  const [oidc, spotify] = await Promise.all([startOidcServer(), startSpotifyServer()])
  const { issuer, clientId, clientSecret } = oidc
  return {
    oidc,
    spotify,
    config: {
      encryptKey: 'a key of thirty-two characters or more',
      oidc: { keycloak: { issuer, clientId, clientSecret, label: 'Keycloak' } },
      spotifyClientId: spotify.clientId,
      spotifyClientSecret: spotify.clientSecret,
      spotifyAccountsUrl: spotify.url,
      spotifyApiUrl: spotify.url,
    },
    allow(appUrl) {
      oidc.allow([`${appUrl}/api/v1/auth/oidc/keycloak/callback`])
      spotify.allow(`${appUrl}/api/v1/auth/spotify/callback`)
    },
    async stop() {
      await Promise.all([oidc.stop(), spotify.stop()])
    },
  }
}
