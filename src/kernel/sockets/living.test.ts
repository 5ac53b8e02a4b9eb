import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Connection } from '#kernel/identify.ts'
import { watchLiving } from './living.ts'

type Line = { name: string; expiresAtMs: number; isGood: () => Promise<boolean>; asked: number; ended: boolean }
const NEVER = Number.POSITIVE_INFINITY
const turns = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

function line(name: string, expiresAtMs = NEVER, isGood: Line['isGood'] = async () => true): Line {
  return { name, expiresAtMs, isGood, asked: 0, ended: false }
}
function watch(lines: Line[]) {
  return watchLiving<Line>({
    all: () => lines.filter((l) => !l.ended),
    connectionOf: (l) =>
      ({
        expiresAtMs: () => l.expiresAtMs,
        async isGood() {
          l.asked += 1
          return l.isGood()
        },
      }) as Connection,
    end: (l) => (l.ended = true),
  })
}

describe('living sockets', () => {
  test('end when their credential has run out and is not good any more', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 0 })
    const gone = line('gone', 15_000, async () => false)
    const renewed = line('renewed', 15_000)
    const lasting = line('lasting', NEVER, async () => false)
    const living = watch([gone, renewed, lasting])
    t.mock.timers.tick(10_000)
    await turns()
    assert.deepEqual([gone.asked, gone.ended], [0, false])
    t.mock.timers.tick(10_000)
    await turns()
    assert.deepEqual([gone.ended, renewed.ended, lasting.ended], [true, false, false])
    assert.deepEqual([renewed.asked, lasting.asked], [1, 0])
    living.stop()
  })

  test('are all asked for once a minute: a process that dies after it ended a session tells nobody', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 0 })
    const ended = line('ended', NEVER, async () => false)
    const good = line('good')
    const living = watch([ended, good])
    t.mock.timers.tick(50_000)
    await turns()
    assert.deepEqual([ended.asked, ended.ended], [0, false])
    t.mock.timers.tick(10_000)
    await turns()
    assert.deepEqual([ended.ended, good.ended, good.asked], [true, false, 1])
    living.stop()
  })

  test('are all asked for after notices were missed, some at a time', async () => {
    const answers: ((good: boolean) => void)[] = []
    const lines = Array.from({ length: 50 }, (_, i) =>
      line(String(i), NEVER, () => new Promise((resolve) => answers.push(resolve))),
    )
    const living = watch(lines)
    living.askAll()
    await turns()
    assert.equal(answers.length, 20)
    for (let i = 0; i < 50; i++) {
      answers[i]?.(i % 2 === 0)
      await turns()
    }
    assert.deepEqual(
      lines.map((l) => l.ended),
      lines.map((_, i) => i % 2 === 1),
    )
    living.stop()
  })

  test('stay while nobody can tell, and are asked for again', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 0 })
    const one = line('one', NEVER, () => Promise.reject(new Error('the database is away')))
    const living = watch([one])
    living.askAll()
    await turns()
    assert.deepEqual([one.asked, one.ended], [1, false])
    one.isGood = async () => false
    t.mock.timers.tick(10_000)
    await turns()
    assert.deepEqual([one.asked, one.ended], [2, true])
    living.stop()
  })
})
