import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { sharedTestPostgres } from './testing.ts'

const SERVER = fileURLToPath(new URL('testing-server.ts', import.meta.url))
const CREATE_MS_MAX = 2000

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('each database is empty and on its own, and goes when dropped', async () => {
  const postgres = await sharedTestPostgres()
  const beganAt = performance.now()
  const [one, two] = await Promise.all([postgres.createDatabase(), postgres.createDatabase()])
  assert.ok(performance.now() - beganAt < CREATE_MS_MAX)
  await query(one.url, 'CREATE TABLE t (x int)')
  assert.deepEqual(await query(two.url, "SELECT to_regclass('t') AS t"), [{ t: null }])
  const open = new Client({ connectionString: two.url })
  open.on('error', () => {})
  await open.connect()
  await Promise.all([one.drop(), two.drop()])
  await assert.rejects(query(one.url, 'SELECT 1'), { code: '3D000' })
  await open.end().catch(() => {})
})

test('a template is prepared once and copied', async () => {
  const postgres = await sharedTestPostgres()
  let prepared = 0
  const template = {
    key: `test_${process.pid}`,
    prepare: async (url: string) => {
      prepared += 1
      await query(url, 'CREATE TABLE t AS SELECT 7 AS x')
    },
  }
  const databases = await Promise.all([1, 2, 3].map(() => postgres.createDatabase(template)))
  assert.equal(prepared, 1)
  for (const database of databases) assert.deepEqual(await query(database.url, 'SELECT x FROM t'), [{ x: 7 }])
  await Promise.all(databases.map((database) => database.drop()))
})

const withoutServer = () => ({ ...process.env, TUTTI_TEST_DATABASE_URL: '' })

async function runServer(...command: string[]): Promise<{ output: string; code: number | null }> {
  const child = spawn(process.execPath, [SERVER, '--', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: withoutServer(),
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = await once(child, 'close')
  return { output, code: typeof code === 'number' ? code : null }
}

/** The folder of the socket in a test URL. */
const socketDirOf = (url: string): string => decodeURIComponent(/@([^:/]+)/.exec(url)?.[1] ?? '')

test('testing-server runs a command with a database, passes its exit code on, and leaves nothing', async () => {
  const { output, code } = await runServer('sh', '-c', 'echo "$TUTTI_TEST_DATABASE_URL"; exit 7')
  assert.equal(code, 7)
  assert.match(output, /^postgres:\/\//)
  assert.equal(existsSync(socketDirOf(output)), false)
  assert.equal((await runServer('sh', '-c', 'kill -TERM $$')).code, 128 + 15)
})

test('after kill -9 of its owner a test cluster ends by itself', async () => {
  const child = spawn(process.execPath, [SERVER, '--', 'sh', '-c', 'echo "$TUTTI_TEST_DATABASE_URL"; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: withoutServer(),
    detached: true,
  })
  const [line] = await once(child.stdout, 'data')
  const socketDir = socketDirOf(String(line))
  assert.equal(existsSync(socketDir), true)
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  const endsAt = performance.now() + 10_000
  while (existsSync(socketDir) && performance.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(existsSync(socketDir), false)
})
