import { io } from 'socket.io-client'
import type { Config } from '#kernel/config/index.ts'
import { createLog } from '#kernel/log.ts'
import { startSmtp, type TestSmtp } from '#kernel/mail/testing-smtp.ts'
import { type Answer, type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

export const PASSWORD = 'four words are fine'
export const OTHER_PASSWORD = 'rainy evening jazz'

export type Account = Client & { readonly email: string; readonly username: string; readonly refreshToken: string }
export type World = {
  readonly t: TestApp
  readonly smtp: TestSmtp
  /** All that was logged, from debug on. */
  said(): string
  /** Makes an account `name`, with the e-mail name@example.org. */
  account(name: string): Promise<Account>
  /** Signs in anew: another session of the same account. */
  signIn(name: string, password?: string): Promise<Account>
  login(name: string, password?: string): Promise<Answer>
  sql<T extends object>(text: string, values?: unknown[]): Promise<T[]>
  /** Until no job of letters waits or runs. */
  settled(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const emailOf = (name: string) => `${name}@example.org`

/** For tests: identity with a mail server, and what both have to say. */
export async function startWorld(o: { mail: boolean; config?: Partial<Config> } = { mail: true }): Promise<World> {
  const smtp = await startSmtp()
  const lines: string[] = []
  const log = createLog({ level: 'debug', pretty: false, write: (line) => lines.push(line) })
  const config = o.mail ? { ...o.config, smtpUrl: smtp.url } : (o.config ?? {})
  const t = await startTestApp({ modules: [identity], config, options: { log } })
  const sql: World['sql'] = async <T extends object>(text: string, values: unknown[] = []) =>
    (await t.app.ports.db.pool.query<T>(text, values)).rows
  const accountOf = ({ body }: Answer): Account => ({
    ...clientFor(t.url, String(body.accessToken), String(body.user.id)),
    email: String(body.user.email),
    username: String(body.user.username),
    refreshToken: String(body.refreshToken),
  })
  const login: World['login'] = (username, password = PASSWORD) => t.nobody.post('/auth/login', { username, password })
  return {
    t,
    smtp,
    sql,
    login,
    said: () => lines.join(''),
    async account(username) {
      const made = await t.nobody.post('/auth/register', { email: emailOf(username), username, password: PASSWORD })
      if (made.status !== 201) throw new Error(made.text)
      return accountOf(made)
    },
    async signIn(name, password) {
      const signed = await login(name, password)
      if (signed.status !== 200) throw new Error(signed.text)
      return accountOf(signed)
    },
    async settled() {
      await t.eventually(
        async () =>
          (await sql(`select from kernel.jobs where name like 'identity.%' and state in ('waiting', 'running')`))
            .length === 0,
        'the letters to be sent',
      )
    },
    async [Symbol.asyncDispose]() {
      await t.stop()
      await smtp.close()
    },
  }
}

export type Ear = { readonly closed: Promise<void>; isOpen(): boolean; close(): void }

/** A signed-in socket. */
export async function listen(url: string, token: string): Promise<Ear> {
  const socket = io(`${url}/realtime`, {
    auth: { token },
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  })
  const closed = new Promise<void>((resolve) => socket.on('disconnect', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    socket.on('connected', () => resolve())
    socket.on('connect_error', reject)
  })
  return { closed, isOpen: () => socket.connected, close: () => void socket.close() }
}
