import { createRedisGuard } from '#kernel/cache/redis-guard.ts'
import type { Log } from '#kernel/log.ts'
import type { RedisClient } from '#kernel/pubsub/redis-client.ts'
import type { Counters, Take, Wish } from './index.ts'
import { checkKeys } from './limits.ts'
import { createMemoryCounters } from './memory.ts'

const PREFIX = 'tutti:counters:'
/** A request waits no longer for a limit; then it is counted here. */
export const COMMAND_TIMEOUT_MS = 40

/**
 * One step for all wishes: take one of each, or none. Arguments: most and window in ms of each key. Answers 0 or 1, then
 * count and ms left of each. A key without an end (it cannot be ours) gets one.
 */
const TAKE = `
local allowed = 1
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i - 1]) then allowed = 0 end
end
local told = { allowed }
for i, key in ipairs(KEYS) do
  local windowMs = ARGV[2 * i]
  local count
  if allowed == 1 then count = redis.call('INCR', key) else count = tonumber(redis.call('GET', key) or '0') end
  local leftMs = redis.call('PTTL', key)
  if leftMs == -1 then redis.call('PEXPIRE', key, windowMs) end
  if leftMs < 0 then leftMs = tonumber(windowMs) end
  told[2 * i] = count
  told[2 * i + 1] = leftMs
end
return told`

const GIVE_BACK = `
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
return 1`

type Script = { readonly text: string; sha: string }

/** Counts in Redis, together with all processes that use it; while it is away or slow, in this process. */
export function createRedisCounters(o: { redisUrl: string; log: Log }): Counters {
  const here = createMemoryCounters()
  const take: Script = { text: TAKE, sha: '' }
  const giveBack: Script = { text: GIVE_BACK, sha: '' }
  const guard = createRedisGuard({
    url: o.redisUrl,
    log: o.log,
    name: 'tutti-counters',
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    warning: 'Redis failed: for now each process counts requests and wrong passwords for itself',
    async prepare(client) {
      for (const script of [take, giveBack]) script.sha = await client.scriptLoad(script.text)
    },
  })
  const takeAll = async (wishes: readonly Wish[]): Promise<Take[]> => {
    checkKeys(wishes.map((w) => w.key))
    const limits = wishes.flatMap((w) => [`${w.max}`, `${w.windowMs}`])
    const keys = wishes.map((w) => w.key)
    const told = await guard.attempt((client) => run(client, take, keys, limits))
    return told === undefined ? here.takeAll(wishes) : read(wishes, told as number[])
  }
  return {
    async take(key, limit) {
      return (await takeAll([{ key, ...limit }]))[0] as Take
    },
    takeAll,
    async giveBack(keys) {
      checkKeys(keys)
      const done = await guard.attempt((client) => run(client, giveBack, keys, []))
      if (done === undefined) await here.giveBack(keys)
    },
    async forget(keys) {
      checkKeys(keys)
      await guard.attempt((client) => client.del(keys.map((key) => PREFIX + key)))
      await here.forget(keys)
    },
    check: () => guard.check(),
    close: () => guard.close(),
  }
}

/** By its hash, which is shorter; with its text when somebody has emptied the memory of scripts. */
async function run(client: RedisClient, script: Script, keys: readonly string[], args: string[]): Promise<unknown> {
  const o = { keys: keys.map((key) => PREFIX + key), arguments: args }
  try {
    return await client.evalSha(script.sha, o)
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.message.startsWith('NOSCRIPT'))) throw thrown
    return client.eval(script.text, o)
  }
}

function read(wishes: readonly Wish[], [allowed, ...told]: number[]): Take[] {
  return wishes.map((wish, i) => {
    const [count = 0, resetMs = 0] = told.slice(2 * i, 2 * i + 2)
    return { isAllowed: allowed === 1, count, remaining: Math.max(0, wish.max - count), resetMs }
  })
}
