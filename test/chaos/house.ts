/** The whole product as people run it, in a process and a data folder of its own, to be killed and started again. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask, pidInFile } from '#kernel/db/embedded/testing-tools.ts'
import { type Client, clientFor, eventually } from '#kernel/testing.ts'

export { eventually } from '#kernel/testing.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const START_MS_MAX = 60_000
/** A helper of a killed server notices within half a second; this is for busy machines. */
const ORPHAN_MS_MAX = 10_000
const PASSWORD = 'correct horse battery'
const SOCKET_FOLDER_LINE = 4

/** Options of tests that look at processes. */
export const needsProc = { skip: existsSync('/proc/self/stat') ? false : 'this system has no /proc' }

export type Env = Record<string, string | undefined>
export type Product = {
  readonly base: string
  readonly pid: number
  /** All it has printed. */
  said(): string
  /** Sends the signal and waits. The exit code (null: killed). */
  end(signal: NodeJS.Signals): Promise<number | null>
  /** Processes it has started, other than PostgreSQL, that still live. */
  helpers(): number[]
}
export type House = {
  readonly data: string
  readonly music: string
  /** Starts the product; rejects when it ends before it is ready. */
  start(env?: Env): Promise<Product>
  /** Process id of the last one that was started, ready or not. */
  starting(): number | undefined
  /** Starts a product that is expected to refuse. */
  refused(env?: Env): Promise<{ code: number | null; said: string }>
  /** Starts the product and kills it when `moment` has come, ready or not; answers what it had printed. */
  startAndKill(moment: () => Promise<unknown>): Promise<string>
  /** The first account, made at first use; its token outlives restarts. */
  admin(product: Product): Promise<Client>
  /** Process id of the PostgreSQL of this data folder; 0 without one. */
  postgres(): number
  postgresLog(): string
  sql<T>(text: string): Promise<T[]>
  /** Kills the product; proves that its helpers follow and that PostgreSQL stays. */
  kill(product: Product): Promise<void>
  /** Files that only a transcode or a write under way may have. */
  leftovers(): string[]
  /** Files of transcodes that are not whole. */
  pieces(): string[]
}

/** Session of a living process, from its line in /proc. */
function sessionOf(pid: string): number | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, , , session] = line.slice(line.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? undefined : Number(session)
  } catch {
    return undefined
  }
}
function worksBelow(pid: string, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`)
  } catch {
    return false
  }
}
const pids = (matches: (pid: string) => boolean): number[] =>
  existsSync('/proc/self/stat')
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name) && matches(name))
        .map(Number)
    : []

/** What a product has started, whoever its parent is by now. */
const helpersOf = (pid: number): number[] => pids((each) => Number(each) !== pid && sessionOf(each) === pid)

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** In a session of its own, so that everything it starts can be told from everything else. */
function launch(env: Env) {
  const child = spawn(process.execPath, ['src/main.ts', '--port', '0'], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: undefined, REDIS_URL: undefined, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const lines: string[] = []
  const ready = Promise.withResolvers<string>()
  ready.promise.catch(() => {})
  const hear = (line: string) => {
    lines.push(line)
    const base = /ready at (http:\/\/\S+)/.exec(line)?.[1]
    if (base) ready.resolve(base)
  }
  createInterface(child.stdout).on('line', hear)
  createInterface(child.stderr).on('line', hear)
  const fail = (why: string) => ready.reject(new Error(`${why}:\n${lines.join('\n')}`))
  const timer = setTimeout(() => fail('not ready in time'), START_MS_MAX)
  const exited = once(child, 'exit').then(([code]) => {
    clearTimeout(timer)
    fail(`ended with ${code} before it was ready`)
    return code as number | null
  })
  void ready.promise.then(() => clearTimeout(timer)).catch(() => {})
  return { child, said: () => lines.join('\n'), base: ready.promise, exited }
}

async function signUp(base: string): Promise<Client> {
  const nobody = clientFor(base, '', '')
  const made = await nobody.post('/auth/register', {
    username: 'admin',
    email: 'admin@example.org',
    password: PASSWORD,
  })
  assert.equal(made.status, 201, made.text)
  return clientFor(base, String(made.body['accessToken']), String(made.body['user'].id))
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name))
    : []

/** A data and a music folder; with the test everything in them and everybody at work in them ends. */
export function makeHouse(t: TestContext, o: { data?: string } = {}): House {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-chaos-'))
  chmodSync(folder, 0o711)
  const [data, music] = [o.data ?? join(folder, 'data'), join(folder, 'music')]
  mkdirSync(music)
  const started: Product[] = []
  let token: { token: string; userId: string } | undefined
  t.after(async () => {
    for (const product of started) {
      await product.end('SIGKILL')
      for (const pid of product.helpers()) killNow(pid)
    }
    for (const pid of pids((each) => worksBelow(each, data))) killNow(pid)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  })
  const launchHere = (env: Env = {}) => launch({ TUTTI_DATA: data, TUTTI_MUSIC: music, ...env })
  const cluster = join(data, 'postgres')
  const house: House = {
    data,
    music,
    async start(env) {
      const { child, said, base, exited } = launchHere(env)
      const pid = child.pid as number
      const end = async (signal: NodeJS.Signals) => {
        if (isRunning(child)) child.kill(signal)
        return exited
      }
      // Known before it is ready, so that one that never is ends with the test, too.
      const product = { base: '', pid, said, end, helpers: () => helpersOf(pid) }
      started.push(product)
      return Object.assign(product, { base: await base })
    },
    starting: () => started.at(-1)?.pid,
    async refused(env) {
      const { said, exited } = launchHere(env)
      return { code: await exited, said: said() }
    },
    async startAndKill(moment) {
      const { child, said, exited } = launchHere({ LOG_LEVEL: 'info' })
      const pid = child.pid as number
      await moment()
      child.kill('SIGKILL')
      assert.equal(await exited, null, said())
      started.push({ base: '', pid, said, end: async () => null, helpers: () => helpersOf(pid) })
      return said()
    },
    async admin({ base }) {
      token ??= await signUp(base)
      return clientFor(base, token.token, token.userId)
    },
    postgres: () => pidInFile(cluster),
    postgresLog: () => readFileSync(join(data, 'logs/postgres.log'), 'utf8'),
    sql: async <T>(text: string) => {
      const socketFolder = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[SOCKET_FOLDER_LINE]
      return (await ask(socketFolder, text)) as T[]
    },
    async kill(product) {
      const postgres = house.postgres()
      assert.equal(await product.end('SIGKILL'), null)
      assert.equal(house.postgres(), postgres, 'PostgreSQL stays')
      await eventually(async () => product.helpers().length === 0, 'the helpers to follow', ORPHAN_MS_MAX)
    },
    leftovers: () => [...filesBelow(join(data, 'temp')), ...filesBelow(join(data, 'blobs', '.tmp'))],
    pieces: () => filesBelow(join(data, 'cache')),
  }
  return house
}

/** Every song the client may see, page by page. */
export async function allSongs(client: Client): Promise<{ id: string; title: string; isMissing: boolean }[]> {
  const songs: { id: string; title: string; isMissing: boolean }[] = []
  for (let cursor = ''; ; ) {
    const { body } = await client.get(`/songs?limit=500${cursor && `&cursor=${cursor}`}`)
    songs.push(...body['items'])
    if (!body['nextCursor']) return songs
    cursor = encodeURIComponent(String(body['nextCursor']))
  }
}

/** Waits until no scan is at work and `count` songs are there; answers the status. */
export const scanned = (client: Client, count: number, timeoutMs = 30_000) =>
  eventually(
    async () => {
      const { body } = await client.get('/library/status')
      const { scan, songCount } = body as { scan: { state: string; finishedAt: string | null }; songCount: number }
      return scan.state !== 'scanning' && scan.finishedAt !== null && songCount === count && body
    },
    `${count} songs`,
    timeoutMs,
  )

/** No job is given up or at its last try because the server died. */
export async function assertJobsWell(house: House): Promise<void> {
  const bad = await house.sql(
    `select id, name, state, error from kernel.jobs where state not in ('waiting', 'running', 'completed')`,
  )
  assert.deepEqual(bad, [])
}
