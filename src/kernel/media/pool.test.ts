import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, test } from 'node:test'
import { AppError } from '#kernel/errors.ts'
import { createPool, type PoolOptions } from './pool.ts'

const OPTIONS: PoolOptions = {
  script: new URL('./pool.test-child.ts', import.meta.url),
  size: 2,
  batch: 8,
  heapMaxMb: 64,
  memoryMaxBytes: 400 * 1024 ** 2,
  timeoutMs: 700,
  idleMs: 60_000,
  recycleAfter: 1000,
  waitingMax: 1000,
  lost: (reason) => new AppError(422, `lost_${reason}`, 'Lost.'),
}
const pools: ReturnType<typeof createPool>[] = []
const makePool = (o: Partial<PoolOptions> = {}) => {
  const pool = createPool({ ...OPTIONS, ...o })
  pools.push(pool)
  return pool
}
after(() => Promise.all(pools.map((pool) => pool.close())))
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (thrown: unknown) => (thrown as AppError).code,
  )
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('tasks come back in their own promises; a fault keeps its code', async () => {
  const pool = makePool()
  const values = await Promise.all(Array.from({ length: 50 }, (_, i) => pool.run(`t${i}`)))
  assert.deepEqual(
    values,
    Array.from({ length: 50 }, (_, i) => `t${i}`),
  )
  assert.equal(await codeOf(pool.run('fault')), 'test_fault')
  assert.equal(pool.pids().length, 2)
})

test('only the task that kills its process is rejected; the others of its batch are done', async () => {
  const pool = makePool()
  const tasks = ['a', 'b', 'crash', 'c', 'd', 'crash', 'e']
  const results = await Promise.all(tasks.map((task) => codeOf(pool.run(task))))
  assert.deepEqual(results, ['a', 'b', 'lost_crashed', 'c', 'd', 'lost_crashed', 'e'])
})

test('only the task that hangs is given up', async () => {
  const pool = makePool()
  const results = await Promise.all(['a', 'hang', 'b'].map((task) => codeOf(pool.run(task))))
  assert.deepEqual(results, ['a', 'lost_timeout', 'b'])
  assert.equal(await pool.run('after'), 'after')
})

test('a task that fills memory is stopped', {
  skip: process.platform !== 'linux' && 'memory is watched on Linux',
}, async () => {
  const pool = makePool({ timeoutMs: 20_000 })
  assert.match(String(await codeOf(pool.run('fill'))), /lost_(memory|crashed)/)
  assert.equal(await pool.run('after'), 'after')
})

test('an idle process ends; a used one is replaced; the environment stays here', async () => {
  const idle = makePool({ idleMs: 50, size: 1 })
  const pid = (await idle.run('pid')) as number
  assert.ok(isAlive(pid))
  for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(20)
  assert.ok(!isAlive(pid))
  assert.deepEqual(idle.pids(), [])

  const recycled = makePool({ recycleAfter: 1, size: 1 })
  assert.notEqual(await recycled.run('pid'), await recycled.run('pid'))
  process.env['TUTTI_TEST_SECRET'] = 'secret'
  assert.ok(!((await recycled.run('environment')) as string[]).includes('TUTTI_TEST_SECRET'))
})

test('the queue is bounded, and closing rejects what waits and ends the processes', async () => {
  const pool = makePool({ waitingMax: 2 })
  const first = [codeOf(pool.run('hang')), codeOf(pool.run('x'))]
  assert.equal(await codeOf(pool.run('y')), 'media_busy')
  for (let i = 0; i < 200 && pool.pids().length < 2; i++) await sleep(5)
  const pids = pool.pids()
  assert.ok(pids.length > 0)
  await pool.close()
  assert.ok((await Promise.all(first)).includes('media_closed'))
  assert.deepEqual(pids.filter(isAlive), [])
  assert.equal(await codeOf(pool.run('z')), 'media_closed')
})
