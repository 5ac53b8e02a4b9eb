import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, type KernelDatabase, kernelDatabase, silent } from '#kernel/testing-database.ts'
import { startCron } from './cron.ts'

describe('periodic tasks', () => {
  let db: KernelDatabase
  before(async () => {
    db = await kernelDatabase()
  })
  after(() => db.close())

  test('run in one of several processes at a time', async () => {
    const ran: number[] = []
    const crons = [1, 2, 3].map((process) =>
      startCron([{ name: 'one', everyMs: 100, run: async () => void ran.push(process) }], db.pool, silent),
    )
    const began = Date.now()
    await eventually(() => ran.length >= 4, 'four runs')
    const periods = (Date.now() - began) / 95
    await Promise.all(crons.map((c) => c.stop()))
    assert.ok(ran.length <= periods + 1, `${ran.length} runs in ${periods} periods`)
  })

  test('a failure is not the end, and other tasks go on', async () => {
    let failures = 0
    let others = 0
    const cron = startCron(
      [
        {
          name: 'failing',
          everyMs: 20,
          run: async () => {
            failures += 1
            throw new Error('no')
          },
        },
        { name: 'fine', everyMs: 20, run: async () => void others++ },
      ],
      db.pool,
      silent,
    )
    await eventually(() => failures >= 3 && others >= 3, 'three runs of each')
    await cron.stop()
  })

  test('a task slower than its period does not overtake itself, and hears of the stop', async () => {
    let now = 0
    let most = 0
    let told = false
    const run = async (signal: AbortSignal) => {
      most = Math.max(most, ++now)
      await sleep(150, undefined, { signal }).catch(() => {
        told = true
      })
      now -= 1
    }
    const cron = startCron([{ name: 'slow', everyMs: 20, run }], db.pool, silent)
    await sleep(400)
    await eventually(() => now === 1, 'a run to be under way')
    await cron.stop()
    assert.deepEqual([most, now, told], [1, 0, true])
  })
})
