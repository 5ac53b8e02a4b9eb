import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { nobody } from '#kernel/caller.ts'
import { AppError } from '#kernel/errors.ts'
import { type KernelDatabase, kernelDatabase } from '#kernel/testing-database.ts'
import { createIdempotency } from './idempotency.ts'

let db: KernelDatabase
before(async () => {
  db = await kernelDatabase()
})
after(() => db.close())

const call = {
  who: nobody('r'),
  operation: 'upload',
  request: { headers: { 'idempotency-key': 'k' } } as unknown as FastifyRequest,
  reply: { statusCode: 201 } as FastifyReply,
  input: {},
}

test('work that takes longer than anybody waits is not begun a second time while it goes on', async () => {
  const { once } = createIdempotency(db.pool, { beatMs: 20 })
  const done = Promise.withResolvers<string>()
  const begun = Promise.withResolvers<void>()
  const first = once(call, () => {
    begun.resolve()
    return done.promise
  })
  await begun.promise
  const age = `update kernel.idempotency set created_at = now() - interval '1 hour'`
  await db.pool.query(age)
  const isYoung = async (): Promise<boolean> =>
    (await db.pool.query(`select from kernel.idempotency where created_at > now() - interval '1 minute'`)).rowCount ===
    1
  while (!(await isYoung()));
  await assert.rejects(
    once(call, async () => assert.fail('begun again')),
    (thrown) => thrown instanceof AppError && thrown.code === 'in_progress',
  )
  done.resolve('made')
  assert.equal(await first, 'made')
  await db.pool.query(age)
  assert.equal(await isYoung(), false)
})
