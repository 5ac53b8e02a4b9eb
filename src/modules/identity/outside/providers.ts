import type { Config } from '#kernel/config/index.ts'
import { notFound, unavailable } from '#kernel/errors.ts'
import { oidcProvider } from './oidc.ts'
import type { Provider } from './provider.ts'
import { spotifyProvider } from './spotify.ts'

/** Key under which people are kept whom tokens of the outside issuer named. */
export const BEARER_KEY = 'bearer'

export type Providers = {
  readonly all: readonly Provider[]
  /** Throws 503 where Spotify is not configured. */
  spotify(): Provider
  /** Throws 404 for a name nobody configured, 503 where no provider is. */
  oidc(name: string): Provider
  byName(name: string): Provider
  /** What to call the provider of an identity, which may not be configured any more. */
  labelOf(key: string, issuer: string): string
  /** Whether one may still sign in by an identity of this provider. */
  isLiving(key: string): boolean
}

export function createProviders(config: Config): Providers {
  const spotify = spotifyProvider(config)
  const oidc = Object.entries(config.oidc).map(([name, p]) => oidcProvider(name, p))
  const all = spotify ? [...oidc, spotify] : oidc
  const byKey = (key: string) => all.find((p) => p.key === key)
  const providers: Providers = {
    all,
    spotify() {
      if (spotify) return spotify
      throw notConfigured('SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET')
    },
    oidc(name) {
      const found = byKey(`oidc:${name}`)
      if (found) return found
      if (oidc.length > 0) throw notFound('provider')
      throw notConfigured('OIDC_<NAME>_ISSUER and OIDC_<NAME>_CLIENT_ID')
    },
    byName: (name) => (name === 'spotify' ? providers.spotify() : providers.oidc(name)),
    labelOf: (key, issuer) => byKey(key)?.label ?? hostOf(issuer),
    isLiving: (key) => byKey(key) !== undefined || (key === BEARER_KEY && config.bearerIssuer !== undefined),
  }
  return providers
}

const hostOf = (issuer: string): string => (URL.canParse(issuer) ? new URL(issuer).host : issuer)

const notConfigured = (settings: string) =>
  unavailable('provider_not_configured', `The operator of this server has not set up this way to sign in: ${settings}.`)
