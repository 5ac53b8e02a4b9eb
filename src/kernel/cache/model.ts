import assert from 'node:assert/strict'
import { setImmediate as tick } from 'node:timers/promises'
import * as fc from 'fast-check'
import type { Cache } from './index.ts'
import type { OpenCaches } from './suite.ts'

/** Each key belongs to two of the tags. */
const KEYS = ['k0', 'k1', 'k2', 'k3'] as const
const TAGS = ['t0', 't1', 'all'] as const
const tagsOf = (key: string) => [key === 'k0' || key === 'k2' ? 't0' : 't1', 'all']

type Act = {
  act: 'read' | 'fail' | 'write' | 'silent write'
  key: (typeof KEYS)[number]
  tag: (typeof TAGS)[number]
  by: 0 | 1
  /** Turns of the event loop before it begins, before the maker reads the truth, and after. */
  waits: readonly [number, number, number]
}
const wait = fc.nat(4)
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    act: fc.constantFrom('read', 'read', 'read', 'fail', 'write', 'silent write'),
    key: fc.constantFrom(...KEYS),
    tag: fc.constantFrom(...TAGS),
    by: fc.constantFrom(0, 1),
    waits: fc.tuple(wait, wait, wait),
  }),
  { minLength: 5, maxLength: 40 },
)

type Answer = { key: string; version: number }
type World = {
  caches: readonly [Cache, Cache]
  /** Of each key: what a maker reads, and what no later read may fall behind. */
  truth: Map<string, number>
  floor: Map<string, number>
}

/**
 * Reads, writes, invalidations and failures of two processes at once, in random order and pace, against the model:
 * an answer is of its own key, never newer than the truth, never older than the last invalidation that had resolved.
 */
export async function checkAgainstModel(open: OpenCaches, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(acts, async (acts) => {
      const world: World = { caches: await open(), truth: zero(), floor: zero() }
      const running: Promise<void>[] = []
      for (const act of acts) {
        await turns(act.waits[0])
        running.push(act.act === 'read' || act.act === 'fail' ? read(world, act) : write(world, act))
      }
      await Promise.all(running)
      await checkRest(world)
    }),
    { numRuns },
  )
}

const zero = () => new Map(KEYS.map((key) => [key as string, 0]))

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await tick()
}

async function read({ caches, truth, floor }: World, { act, key, by, waits }: Act): Promise<void> {
  const oldest = floor.get(key) ?? 0
  const make = async (): Promise<Answer> => {
    await turns(waits[1])
    const version = truth.get(key) ?? 0
    await turns(waits[2])
    if (act === 'fail') throw new Error('made to fail')
    return { key, version }
  }
  try {
    const got = await caches[by].getOrMake(key, { ttlMs: 60_000, tags: tagsOf(key) }, make)
    assert.equal(got.key, key)
    assert.ok(got.version >= oldest, `${key}: version ${got.version} after ${oldest} was invalidated`)
    assert.ok(got.version <= (truth.get(key) ?? 0))
  } catch (thrown) {
    // Also of another reader's maker, when it joined that one.
    if (!(thrown instanceof Error && thrown.message === 'made to fail')) throw thrown
  }
}

async function write({ caches, truth, floor }: World, { act, tag, by }: Act): Promise<void> {
  const touched = KEYS.filter((key) => tagsOf(key).includes(tag))
  for (const key of touched) truth.set(key, (truth.get(key) ?? 0) + 1)
  if (act === 'silent write') return
  const written = touched.map((key) => [key, truth.get(key) ?? 0] as const)
  await caches[by].invalidate([tag])
  for (const [key, version] of written) floor.set(key, Math.max(floor.get(key) ?? 0, version))
}

/** After an invalidation of all: the truth, and then from the cache, so that a cache that keeps nothing fails too. */
async function checkRest({ caches, truth }: World): Promise<void> {
  await caches[0].invalidate(['all'])
  for (const cache of caches)
    for (const key of KEYS) {
      const answer = { key, version: truth.get(key) ?? 0 }
      const options = { ttlMs: 60_000, tags: tagsOf(key) }
      assert.deepEqual(await cache.getOrMake(key, options, async () => answer), answer)
      assert.deepEqual(await cache.getOrMake(key, options, async () => assert.fail('it is kept')), answer)
    }
}
