import { randomBytes } from 'node:crypto'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { png, tempFolder, writeLibrary } from '#test/fixtures/audio.ts'

/** The columns of the matrix. Things belong to `owner`: for everybody else they are another's. */
export const PEOPLE = ['nobody', 'blocked', 'stranger', 'owner', 'artist', 'admin'] as const
export type Person = (typeof PEOPLE)[number]
export const SIGNED_IN = ['stranger', 'owner', 'artist', 'admin'] as const
const ROLE = { stranger: 'user', owner: 'user', artist: 'artist', admin: 'admin', blocked: 'user' } as const
const PASSWORD = 'correct horse battery'

export type Account = { client: Client; id: string; username: string; password: string }
export type World = {
  readonly app: TestApp
  /** The account of a column; the same at each call. */
  account(person: Exclude<Person, 'nobody'>): Account
  client(person: Person): Client
  /** A new account of the same kind, for what ends or changes the account that asks. */
  fresh(person: Exclude<Person, 'nobody'>): Promise<Account>
  /** A session of the account, by signing in again. */
  session(of: Account): Promise<Client>
  /** A song with a file and a cover; of the scanned library when `ownerId` is null. */
  song(o: { ownerId: string | null; isPublic: boolean }): Promise<string>
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

const FILES = 3
type Listed = { id: string; analysisStatus: string }

export async function makeWorld(modules: readonly unknown[]): Promise<World> {
  const music = await tempFolder()
  await writeLibrary(music.path, FILES)
  await writeFile(join(music.path, 'cover.png'), png(64, 64))
  const app = await startTestApp({ modules, config: { rateLimitPerMin: 10_000_000, musicDirs: [music.path] } })
  const sql: World['sql'] = async (text, values = []) =>
    (await app.app.ports.db.pool.query<Record<string, unknown>>(text, values)).rows
  const accounts = new Map<Person, Account>()
  const fresh = (person: Exclude<Person, 'nobody'>) => makeAccount(app, sql, person)
  for (const person of ['admin', 'owner', 'stranger', 'artist', 'blocked'] as const)
    accounts.set(person, await fresh(person))
  await sql('update identity.users set is_blocked = true where id = $1', [accounts.get('blocked')?.id])
  const account: World['account'] = (person) => accounts.get(person) as Account
  const admin = account('admin').client
  const songs = await app.eventually(async () => {
    const { items } = (await admin.get('/songs?limit=10')).body
    const done = items.length === FILES && (items as Listed[]).every((s) => s.analysisStatus === 'completed')
    return done && (items as Listed[]).map((s) => s.id)
  }, 'the songs and their analysis')
  return {
    app,
    account,
    fresh,
    sql,
    client: (person) => (person === 'nobody' ? app.nobody : account(person).client),
    session: ({ username, password }) => signIn(app, username, password),
    async song({ ownerId, isPublic }) {
      const id = songs[0] as string
      const set = 'owner_id = $2, is_public = $3, is_visible = true'
      await sql(`update catalog.songs set ${set} where id = $1`, [id, ownerId, isPublic])
      return id
    },
    async stop() {
      await app.stop()
      await music.remove()
    },
  }
}

async function signIn(app: TestApp, username: string, password: string): Promise<Client> {
  const { body } = await app.nobody.post('/auth/login', { username, password })
  return clientFor(app.url, String(body.accessToken), String(body.user?.id))
}

/** Registers, takes the role, and signs in. */
async function makeAccount(app: TestApp, sql: World['sql'], person: Exclude<Person, 'nobody'>): Promise<Account> {
  const username = `${person}-${randomBytes(4).toString('hex')}`
  const email = `${username}@example.org`
  const made = await app.nobody.post('/auth/register', { username, email, password: PASSWORD })
  if (made.status !== 201) throw new Error(made.text)
  const id = String(made.body.user.id)
  await sql('update identity.users set role = $2 where id = $1', [id, ROLE[person]])
  return { client: await signIn(app, username, PASSWORD), id, username, password: PASSWORD }
}
