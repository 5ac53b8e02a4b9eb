import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client } from 'pg'
import { sharedTestPostgres } from '#kernel/db/embedded/testing.ts'
import type { Log } from '#kernel/log.ts'
import { createPubSub } from './index.ts'
import { APPLICATION_NAME } from './postgres.ts'
import { betweenProcessesSuite, pubsubSuite } from './suite.ts'
import { memoryLog, skipRedis, startTestRedis, type TestRedis, until } from './testing.ts'

const database = await (await sharedTestPostgres()).createDatabase()

pubsubSuite('in process', (log) => createPubSub({ log }))

const openPostgres = (log: Log = memoryLog()) => createPubSub({ databaseUrl: database.url, log })
const cut = () => endSessions(database.url)

describe('PostgreSQL', () => {
  after(() => database.drop())
  pubsubSuite('PostgreSQL', openPostgres)
  betweenProcessesSuite('PostgreSQL', openPostgres, cut)
})

test('a server that is away: start goes on, publish neither throws nor waits long, check says so', async () => {
  const log = memoryLog()
  const pubsub = await createPubSub({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', log })
  const got: unknown[] = []
  pubsub.subscribe('a', (payload) => got.push(payload))
  const startMs = performance.now()
  await pubsub.publish('a', 'here')
  assert.ok(performance.now() - startMs < 3_000)
  assert.deepEqual(got, ['here'])
  assert.equal((await pubsub.check()).ok, false)
  assert.equal(log.lines.length, 1, 'one line a minute, however often it tried')
  await pubsub.close()
})

describe('Redis', { skip: skipRedis }, () => {
  let redis: TestRedis
  before(async () => {
    redis = await startTestRedis()
  })
  after(() => redis.close())
  const open = (log: Log = memoryLog()) => createPubSub({ redisUrl: redis.url, log })
  pubsubSuite('Redis', open)
  betweenProcessesSuite('Redis', open, async () => {
    await redis.kill()
    await redis.start()
  })

  test('databases of one server do not hear each other', async () => {
    const one = await open()
    const other = await createPubSub({ redisUrl: `${redis.url}?db=1`, log: memoryLog() })
    const got: unknown[] = []
    other.subscribe('c', (payload) => got.push(payload))
    const witness = await createPubSub({ redisUrl: redis.url, log: memoryLog() })
    witness.subscribe('c', (payload) => got.push(['witness', payload]))
    await one.publish('c', 1)
    await until('the witness heard it', () => got.length > 0)
    assert.deepEqual(got, [['witness', 1]])
    await Promise.all([one.close(), other.close(), witness.close()])
  })
})

test('a wrong REDIS_URL is a start error that does not show the password', async () => {
  await assert.rejects(createPubSub({ redisUrl: 'http://user:hunter2@host', log: memoryLog() }), (e: unknown) => {
    assert.ok(e instanceof Error)
    assert.match(e.message, /redis:\/\//)
    assert.doesNotMatch(JSON.stringify(e, Object.getOwnPropertyNames(e)), /hunter2/)
    return true
  })
})

async function endSessions(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database()',
    [APPLICATION_NAME],
  )
  await client.end()
}
