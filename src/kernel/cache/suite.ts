import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'node:test'
import type { Cache } from './index.ts'

/** The caches of two processes that belong together, empty. */
export type OpenCaches = () => Promise<readonly [Cache, Cache]>
const MINUTE = { ttlMs: 60_000 }
const tagged = (...tags: string[]) => ({ ...MINUTE, tags })
const make = async () => 1
const thrower = () => {
  throw new Error('thrown at once')
}

/** What every adapter promises. */
export function cacheSuite(name: string, open: OpenCaches): void {
  describe(name, { timeout: 30_000 }, () => {
    testsOfKeeping(open)
    testsOfFlights(open)
    testsOfInvalidation(open)
  })
}

function testsOfKeeping(open: OpenCaches): void {
  test('a value is made once per key and kept; undefined and null are values', async () => {
    const [cache] = await open()
    for (const value of [{ a: [1, 'é🎵'] }, 0, '', false, null, undefined]) {
      const key = `k${JSON.stringify(value)}`
      assert.deepEqual(await cache.getOrMake(key, MINUTE, async () => value), value)
      assert.deepEqual(await cache.getOrMake(key, MINUTE, async () => assert.fail('it was kept')), value)
    }
  })
  test('everybody gets what JSON makes of it, frozen, its maker too', async () => {
    const [cache] = await open()
    const made = { at: new Date(0), list: [{ n: 1 }], none: undefined }
    const read = () => cache.getOrMake<typeof made>('k', MINUTE, async () => made)
    for (const got of [await read(), await read()]) {
      assert.deepEqual(got, { at: '1970-01-01T00:00:00.000Z', list: [{ n: 1 }] })
      assert.throws(() => got.list.push({ n: 2 }), TypeError)
      assert.throws(() => Object.assign(got.list[0] ?? {}, { n: 2 }), TypeError)
    }
    made.list.push({ n: 3 })
    assert.equal((await read()).list.length, 1)
  })
  test('what JSON cannot say reaches its caller and is not kept', async () => {
    const [cache] = await open()
    let makes = 0
    const read = () => cache.getOrMake('k', MINUTE, async () => ({ n: BigInt(++makes) }))
    assert.deepEqual(await read(), { n: 1n })
    assert.deepEqual(await read(), { n: 2n })
  })
  test('time to live counts from the begin of the making', async () => {
    const [cache] = await open()
    let makes = 0
    const read = (makeMs: number) => cache.getOrMake('k', { ttlMs: 150 }, () => sleep(makeMs, ++makes))
    assert.equal(await read(100), 1)
    assert.equal(await read(0), 1)
    await sleep(60)
    assert.equal(await read(0), 2)
    assert.equal(await cache.getOrMake('zero', { ttlMs: 0 }, async () => 1), 1)
    assert.equal(await cache.getOrMake('zero', { ttlMs: 0 }, async () => 2), 2)
  })
  test('names out of bounds are a mistake of the code', async () => {
    const [cache] = await open()
    await assert.rejects(cache.getOrMake('', MINUTE, make), RangeError)
    await assert.rejects(cache.getOrMake('x'.repeat(1_001), MINUTE, make), RangeError)
    await assert.rejects(cache.getOrMake('k', { ...MINUTE, tags: [''] }, make), RangeError)
    await assert.rejects(cache.getOrMake('k', { ...MINUTE, tags: Array<string>(65).fill('t') }, make), RangeError)
  })
  test('a huge value is handed over, not kept', async () => {
    const [cache] = await open()
    const huge = 'x'.repeat(5 * 1024 * 1024)
    let makes = 0
    for (let i = 0; i < 2; i++)
      assert.equal((await cache.getOrMake('k', MINUTE, async () => (makes++, huge))).length, huge.length)
    assert.equal(makes, 2)
  })
}

function testsOfFlights(open: OpenCaches): void {
  test('a hundred at once: one maker, one answer; other keys do not wait', async () => {
    const [cache] = await open()
    let makes = 0
    const slow = () => cache.getOrMake('slow', MINUTE, () => sleep(50, ++makes))
    const all = Array.from({ length: 100 }, slow)
    assert.equal(await Promise.race([slow(), cache.getOrMake('other', MINUTE, async () => 'other')]), 'other')
    assert.deepEqual(new Set(await Promise.all(all)), new Set([1]))
    assert.equal(makes, 1)
  })
  test('an error reaches all who wait, and is not kept', async () => {
    const [cache] = await open()
    const failing = () =>
      cache.getOrMake('k', MINUTE, async () => {
        await sleep(10)
        throw new Error('made to fail')
      })
    const results = await Promise.allSettled([failing(), failing(), failing()])
    assert.ok(results.every(({ status }) => status === 'rejected'))
    assert.equal(await cache.getOrMake('k', MINUTE, async () => 'well'), 'well')
    await assert.rejects(cache.getOrMake('j', MINUTE, thrower), /thrown at once/)
  })
}

const readThree = (cache: Cache) =>
  Promise.all([
    cache.getOrMake('one', tagged('song:1', 'songs'), async () => 'new'),
    cache.getOrMake('two', tagged('song:2', 'songs'), async () => 'new'),
    cache.getOrMake('none', tagged(), async () => 'new'),
  ])

function testsOfInvalidation(open: OpenCaches): void {
  test('by tag, in both processes, and nothing else', async () => {
    const [a, b] = await open()
    const fill = async (text: string) => {
      for (const cache of [a, b]) {
        await cache.getOrMake('one', tagged('song:1', 'songs'), async () => text)
        await cache.getOrMake('two', tagged('song:2', 'songs'), async () => text)
        await cache.getOrMake('none', tagged(), async () => text)
      }
    }
    await fill('old')
    await a.invalidate(['song:1', 'song:77'])
    for (const cache of [a, b]) assert.deepEqual(await readThree(cache), ['new', 'old', 'old'])
    await b.invalidate(['songs'])
    for (const cache of [a, b]) assert.deepEqual(await readThree(cache), ['new', 'new', 'old'])
    await a.invalidate([])
  })
  for (const by of [0, 1] as const)
    test(`a value whose making began before an invalidation ${by ? 'elsewhere' : 'here'} is neither kept nor joined`, async () => {
      const caches = await open()
      const [cache] = caches
      const gate = Promise.withResolvers<string>()
      const early = cache.getOrMake('k', tagged('t'), () => gate.promise)
      // With Redis the maker starts after a round trip: it must have started.
      await sleep(20)
      await caches[by].invalidate(['t'])
      assert.equal(await cache.getOrMake('k', tagged('t'), async () => 'new'), 'new')
      gate.resolve('old')
      assert.equal(await early, 'old')
      assert.equal(await cache.getOrMake('k', tagged('t'), async () => assert.fail('the new one is kept')), 'new')
    })
  test('thousands of tags at once', async () => {
    const [a, b] = await open()
    const tags = Array.from({ length: 3_000 }, (_, i) => `song:${i}`)
    await b.getOrMake('k', tagged('song:2999'), async () => 'old')
    await a.invalidate(tags)
    assert.equal(await b.getOrMake('k', tagged('song:2999'), async () => 'new'), 'new')
  })
}
