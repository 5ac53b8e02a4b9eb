import type { Config } from '#kernel/config/index.ts'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { type Browser, openBrowser, type Page, type ScriptAnswer } from '#test/servers/browser.ts'
import type { OidcServer } from '#test/servers/oidc.ts'
import { startProviders } from '#test/servers/providers.ts'
import type { SpotifyServer } from '#test/servers/spotify.ts'
import identity from '#modules/identity/index.ts'

const PASSWORD = 'correct horse battery'
export const COOKIES = { 'x-tutti-session': 'cookie' }

/** A whole app with a real OpenID Connect provider (`keycloak`) and a Spotify beside it, and the first account made. */
export type World = {
  readonly t: TestApp
  readonly oidc: OidcServer
  readonly spotify: SpotifyServer
  /** Under the base. */
  at(path: string): string
  /** Through the provider's pages until the front end is reached. */
  signIn(browser: Browser, provider: ProviderName, person: string, o?: { query?: string }): Promise<Page>
  /** What the web app's page does with what it was told. */
  exchange(browser: Browser, landed: Page, more?: object, headers?: Record<string, string>): Promise<ScriptAnswer>
  /** Registers somebody with a password, whose e-mail was proven or was not. */
  register(o: { username: string; email: string; isVerified: boolean }): Promise<Client>
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}
export type ProviderName = 'keycloak' | 'spotify'
const LOGIN = { keycloak: '/auth/oidc/keycloak/login', spotify: '/auth/spotify/login' }

type Options = { config?: Partial<Config>; isFirst?: boolean; keep?: { dataDir: string; databaseUrl: string } }

export async function openWorld(o: Options = {}): Promise<World> {
  const providers = await startProviders()
  const t = await startTestApp({
    modules: [identity],
    ...(o.keep ? { keep: o.keep } : {}),
    config: { ...providers.config, ...o.config },
  })
  providers.allow(t.url)
  const at = (path: string) => `${t.url}/api/v1${path}`
  if (!o.isFirst) await t.as('admin')
  const sql: World['sql'] = async (text, values = []) =>
    (await t.app.ports.db.pool.query<Record<string, unknown>>(text, values)).rows
  return {
    t,
    oidc: providers.oidc,
    spotify: providers.spotify,
    at,
    sql,
    async signIn(browser, name, person, { query = '' } = {}) {
      return agree(browser, await browser.open(at(LOGIN[name]) + query), person)
    },
    exchange: (browser, landed, more = {}, headers = COOKIES) =>
      browser.script('POST', at('/auth/exchange'), { code: landed.url.searchParams.get('code'), ...more }, headers),
    async register({ username, email, isVerified }) {
      const made = await t.nobody.post('/auth/register', { username, email, password: PASSWORD })
      if (made.status !== 201) throw new Error(made.text)
      const id = String(made.body.user.id)
      await sql('update identity.users set email_verified_at = $2 where id = $1', [id, isVerified ? new Date() : null])
      return clientFor(t.url, String(made.body.accessToken), id)
    },
    async stop() {
      await t.stop()
      await providers.stop()
    },
  }
}

/** Says who one is on the provider's page, where it still asks. */
export const agree = (browser: Browser, page: Page, person: string): Promise<Page> =>
  page.text.includes('<form') ? browser.submit(page, { login: person, choice: 'agree' }) : Promise.resolve(page)

export { type Browser, openBrowser, type Page }
