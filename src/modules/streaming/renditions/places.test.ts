import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '#kernel/errors.ts'
import { createPlaces, type Holder } from './places.ts'

type Encoder = Holder & { idle: boolean; ending: boolean; exit: () => void }
function encoder(listener: string): Encoder {
  const gone = Promise.withResolvers<void>()
  const it: Encoder = {
    idle: false,
    ending: false,
    owner: () => listener,
    isIdle: () => it.idle,
    isEnding: () => it.ending,
    end: () => {
      it.ending = true
    },
    exit: gone.resolve,
    gone: gone.promise,
  }
  return it
}
const house = (transcodesMax: number, perListenerMax: number) => {
  const places = createPlaces({ transcodesMax, perListenerMax })
  const start = (listener: string): Encoder => {
    places.check(listener, 'new')
    const it = encoder(listener)
    void places.take(it)
    return it
  }
  return { places, start }
}
const refused = (act: () => unknown) =>
  assert.throws(
    act,
    (thrown) =>
      thrown instanceof AppError &&
      thrown.status === 429 &&
      thrown.code === 'too_many_transcodes' &&
      (thrown.retryAfterSec ?? 0) > 0,
  )

test('so many in all, and so many for one', async () => {
  const { places, start } = house(3, 2)
  const first = start('a')
  start('a')
  refused(() => start('a'))
  start('b')
  refused(() => start('c'))
  assert.equal(places.held(), 3)
  first.exit()
  await first.gone
  start('c')
  refused(() => start('d'))
})

test('what nobody listens to gives way: who jumps about meets no bound', async () => {
  const { places, start } = house(3, 2)
  const [, left] = [start('a'), start('a')]
  left.idle = true
  start('a')
  assert.equal(left.ending, true)
  refused(() => start('a'))
  left.exit()
  await left.gone
  const other = start('b')
  other.idle = true
  start('c')
  assert.equal(other.ending, true, 'of anybody, when all places are taken')
  assert.equal(places.held(), 4, 'until its process has gone')
})

test('a process starts only when those that were ended have gone', async () => {
  const { places, start } = house(1, 1)
  const left = start('a')
  left.idle = true
  places.check('a', 'new')
  let mayStart = false
  const take = async () => {
    await places.take(encoder('a'))
    mayStart = true
  }
  const taking = take()
  await new Promise(setImmediate)
  assert.equal(mayStart, false)
  left.exit()
  await taking
})

test('who is listening waits in a line, and nobody new goes before it', async () => {
  const { places, start } = house(1, 1)
  const busy = start('a')
  const order: string[] = []
  const waiting = ['b', 'c'].map((name) => places.wait().then(() => order.push(name)))
  busy.idle = true
  refused(() => places.check('d', 'new'))
  busy.exit()
  await Promise.all(waiting)
  assert.deepEqual(order, ['b', 'c'])
  places.check('d', 'new')
})

test('who leaves the line is not waited for', async () => {
  const { places, start } = house(1, 1)
  const busy = start('a')
  const leaving = new AbortController()
  const waiting = places.wait(leaving.signal)
  leaving.abort(new Error('left'))
  await assert.rejects(waiting, /left/)
  await assert.rejects(places.wait(AbortSignal.abort(new Error('never came'))), /never came/)
  busy.idle = true
  places.check('b', 'new')
})
