import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, type AppOptions, startApp } from '#kernel/app/index.ts'
import type { AnyModule } from '#kernel/app/wire.ts'
import { type Config, readConfig } from '#kernel/config/index.ts'
import { createLog } from '#kernel/log.ts'
import { DUTIES, type Duty } from '#kernel/module.ts'
import { migratedDatabase } from '#kernel/testing-database.ts'

/** Whoever a test speaks as. Accounts are made through the API at first use; `admin` is always the first. */
export type Person = 'admin' | 'artist' | 'user' | 'stranger'
const ROLE_OF = { admin: 'admin', artist: 'artist', user: 'user', stranger: 'user' } as const
const PASSWORD = 'correct horse battery'

/** Answers of many shapes: a test reads the fields it knows of. */
// oxlint-disable-next-line typescript/no-explicit-any
type Json = Record<string, any>
export type Answer = { status: number; headers: Headers; body: Json; text: string }
export type Client = {
  readonly token: string
  readonly userId: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body?: unknown): Promise<Answer>
  patch(path: string, body?: unknown): Promise<Answer>
  put(path: string, body?: unknown): Promise<Answer>
  delete(path: string): Promise<Answer>
}
export type TestApp = {
  readonly app: App
  readonly url: string
  readonly dataDir: string
  readonly databaseUrl: string
  readonly nobody: Client
  as(person: Person): Promise<Client>
  /** Until `look` answers something, at most `timeoutMs`. */
  eventually<T>(look: () => Promise<T | undefined | false | null>, what: string, timeoutMs?: number): Promise<T>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
type Options = {
  modules: readonly unknown[]
  config?: Partial<Config>
  duties?: readonly Duty[]
  /** Reuse what an earlier app left, to test restarts. */
  keep?: { dataDir: string; databaseUrl: string }
  options?: Partial<AppOptions>
}

/** A real app of these modules (identity among them) on a fresh real database, listening on a free port. */
export async function startTestApp(o: Options): Promise<TestApp> {
  const modules = o.modules as readonly AnyModule[]
  const made = o.keep ?? { ...(await freshDatabase(modules)), dataDir: await mkdtemp(join(tmpdir(), 'tutti-test-')) }
  const config: Config = {
    ...readConfig({
      PORT: '0',
      TUTTI_DATA: made.dataDir,
      DATABASE_URL: made.databaseUrl,
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
      RATE_LIMIT_AUTH_PER_MIN: '100000',
    }),
    ...o.config,
  }
  const offers = modules.flatMap((m) => Object.values(m.contracts).map((contract) => ({ module: m.name, contract })))
  const sessions = offers.find((x) => x.contract.name === 'identity')?.contract
  if (!sessions) throw new Error('startTestApp needs the identity module among `modules`')
  const log = createLog({ level: config.logLevel, pretty: false })
  const app = await startApp({
    config,
    log,
    version: '0.0.0-test',
    service: 'test',
    modules,
    offers,
    sessions,
    services: [],
    gateway: true,
    duties: new Set(o.duties ?? DUTIES),
    onFatal: (detail) => log.error(detail),
    ...o.options,
  })
  const kept = new Map<Person, Promise<Client>>()
  const test: TestApp = {
    app,
    url: app.url,
    dataDir: made.dataDir,
    databaseUrl: made.databaseUrl,
    nobody: clientFor(app.url, '', ''),
    as: (person) =>
      rememberIn(kept, person, () =>
        person === 'admin' ? signIn(app, person) : test.as('admin').then(() => signIn(app, person)),
      ),
    eventually,
    async stop() {
      await app.stop()
      if (o.keep) return
      await rm(made.dataDir, { recursive: true, force: true })
      if ('drop' in made) await (made as { drop(): Promise<void> }).drop()
    },
    [Symbol.asyncDispose]: () => test.stop(),
  }
  return test
}

async function freshDatabase(modules: readonly AnyModule[]) {
  const { url, drop } = await migratedDatabase(
    modules.flatMap((m) => (m.migrations ? [{ module: m.name, dir: m.migrations }] : [])),
  )
  return { databaseUrl: url, drop }
}

function rememberIn<K, V>(kept: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = kept.get(key) ?? make()
  kept.set(key, known)
  return known
}

async function signIn(app: App, person: Person): Promise<Client> {
  const nobody = clientFor(app.url, '', '')
  const login = { username: person, password: PASSWORD }
  const made = await nobody.post('/auth/register', { ...login, email: `${person}@example.org` })
  const userId = (made.body.user as { id?: string } | undefined)?.id ?? ''
  if (made.status === 201 && person === 'artist')
    await app.ports.db.pool.query('update identity.users set role = $2 where id = $1', [userId, ROLE_OF[person]])
  const signed = await nobody.post('/auth/login', login)
  if (signed.status !== 200) throw new Error(`signing in as ${person}: ${signed.text}`)
  const user = signed.body.user as { id: string }
  return clientFor(app.url, String(signed.body.accessToken), user.id)
}

/** Paths without a leading /api are below /api/v1; those that start with `//` are taken from the root. */
export function clientFor(base: string, token: string, userId: string): Client {
  const send: Client['send'] = async (method, path, body, headers = {}) => {
    const url = path.startsWith('//')
      ? base + path.slice(1)
      : `${base}${path.startsWith('/api') ? '' : '/api/v1'}${path}`
    const answer = await fetch(url, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
    })
    const text = await answer.text()
    const isJson = (answer.headers.get('content-type') ?? '').includes('json')
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: (isJson && text ? JSON.parse(text) : {}) as Json,
    }
  }
  return {
    token,
    userId,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body) => send('POST', path, body),
    patch: (path, body) => send('PATCH', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: (path) => send('DELETE', path),
  }
}

export async function eventually<T>(
  look: () => Promise<T | undefined | false | null>,
  what: string,
  timeoutMs = 15_000,
): Promise<T> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
