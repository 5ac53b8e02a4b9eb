import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { Client, Pool } from 'pg'
import { AppError } from '#kernel/errors.ts'
import { startTestApp } from '#kernel/testing.ts'
import { door } from '#kernel/testing-door.ts'
import { databaseFault } from './faults.ts'

const codeOf = async (failing: Promise<unknown>): Promise<string | undefined> => {
  const thrown = await failing.then(
    () => assert.fail('it did not fail'),
    (fault: unknown) => fault,
  )
  return databaseFault(thrown)?.code
}

test('what PostgreSQL and its driver really throw is read', async () => {
  await using t = await startTestApp({ modules: [door] })
  const { pool } = t.app.ports.db
  const url = pool.options.connectionString as string
  assert.equal(await codeOf(pool.query('set local statement_timeout = 1; select pg_sleep(1)')), 'database_busy')
  const few = new Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 50 })
  few.on('error', () => {})
  const held = await few.connect()
  held.on('error', () => {})
  assert.equal(await codeOf(few.query('select 1')), 'database_busy')
  const { rows } = await held.query('select pg_backend_pid() as pid')
  const asking = codeOf(held.query('select pg_sleep(10)'))
  await pool.query('select pg_terminate_backend($1)', [rows[0].pid])
  assert.equal(await asking, 'database_unavailable')
  held.release(true)
  await few.end()
  assert.equal(await codeOf(pool.query('select nonsense')), undefined)
})

const connect = (at: object) => codeOf(new Client({ ...at, user: 'x', database: 'x' }).connect())

test('nobody at the door, and a door that closes', async () => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  assert.equal(await connect({ host: '127.0.0.1', port }), 'database_unavailable')
  await new Promise((resolve) => server.close(resolve))
  assert.equal(await connect({ host: '127.0.0.1', port }), 'database_unavailable')
  assert.equal(await connect({ host: '/nowhere/at/all' }), 'database_unavailable')
})

test('an answer that was meant for the caller is left alone', () => {
  assert.equal(databaseFault(new AppError(404, 'not_found', 'No such song.')), undefined)
})
