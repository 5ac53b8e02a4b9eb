import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeLibrary } from '#test/fixtures/audio.ts'
import { allSongs, assertJobsWell, eventually, type House, makeHouse, needsProc, scanned } from './house.ts'

const FILES = 50
/** Before the database is begun, and while it is made. */
const KILL_AFTER_MS = [300, 900, 1500]

const halfMade = ({ data }: House): string[] => readdirSync(data).filter((name) => name.includes('.new-'))

test('kill -9 during the first start, again and again: the next one is as good as new', needsProc, async (t) => {
  const house = makeHouse(t)
  await writeLibrary(house.music, FILES)
  for (const afterMs of KILL_AFTER_MS) {
    const said = await house.startAndKill(() => sleep(afterMs))
    t.diagnostic(`${afterMs} ms: ${said.split('\n').length} lines, PostgreSQL ${house.postgres() || 'not yet'}`)
  }
  // While the queue of jobs makes its tables, a step at a time.
  const tables = `select id from graphile_worker.migrations where id >= 1`
  await house.startAndKill(() =>
    eventually(
      () =>
        house.sql(tables).then(
          (rows) => rows.length,
          () => 0,
        ),
      'its tables',
    ),
  )
  t.diagnostic(
    `steps of the queue: ${JSON.stringify(await house.sql('select count(*)::int from graphile_worker.migrations'))}`,
  )
  const product = await house.start()
  const admin = await house.admin(product)
  await scanned(admin, FILES)
  assert.equal((await allSongs(admin)).length, FILES)
  assert.deepEqual(halfMade(house), [])
  assert.equal(await product.end('SIGTERM'), 0)
  assert.equal(house.postgres(), 0)
})

test(
  'a database that is killed ends the product with a sentence; all it had confirmed is there again',
  needsProc,
  async (t) => {
    const house = makeHouse(t)
    await writeLibrary(house.music, FILES)
    const first = await house.start()
    const admin = await house.admin(first)
    await scanned(admin, FILES)
    process.kill(house.postgres(), 'SIGKILL')
    assert.equal(await first.end('SIGCONT'), 1)
    assert.match(first.said(), /PostgreSQL \(process \d+\) stopped unexpectedly; \S+ ends with: /)
    assert.deepEqual(first.helpers(), [])

    // The power cut of a server: both are gone at once.
    const second = await house.start()
    assert.equal((await (await house.admin(second)).get('/auth/me')).status, 200)
    process.kill(house.postgres(), 'SIGKILL')
    await second.end('SIGKILL')
    const third = await house.start()
    const again = await house.admin(third)
    assert.equal((await allSongs(again)).length, FILES)
    await assertJobsWell(house)
    assert.equal(await third.end('SIGTERM'), 0)
  },
)

test('Ctrl-C during the first start ends it in order', needsProc, async (t) => {
  const house = makeHouse(t)
  const starting = house.start({ LOG_LEVEL: 'info' })
  const pid = await eventually(async () => house.starting(), 'the process')
  await eventually(async () => existsSync(house.data) && halfMade(house).length > 0, 'the database begun')
  // A terminal tells everybody in it.
  process.kill(-pid, 'SIGINT')
  const product = await starting
  assert.equal(await product.end('SIGCONT'), 0, product.said())
  assert.equal(house.postgres(), 0)
  assert.doesNotMatch(product.said(), /"level":(50|60)/)
})
