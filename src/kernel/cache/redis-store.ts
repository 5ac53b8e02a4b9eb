import { randomBytes } from 'node:crypto'
import type { Log } from '#kernel/log.ts'
import type { RedisClient } from '#kernel/pubsub/redis-client.ts'
import { TTL_MAX_MS } from './limits.ts'
import { createRedisGuard } from './redis-guard.ts'
import { createUnsent } from './unsent.ts'

const PREFIX = 'tutti:cache:'
const entryKey = (key: string) => `${PREFIX}e:${key}`
const tagKey = (tag: string) => `${PREFIX}t:${tag}`
const RUN_KEY = `${PREFIX}run`
/** A tag of every entry; its name is none that a caller can give. */
const EVERYTHING = ''
/** Longer than any entry lives. */
const TAG_TTL_MS = TTL_MAX_MS + 3_600_000
const TAGS_PER_COMMAND = 500
const RETRY_MS = 1_000
/** A cache that answers slower than this is slower than what it saves. */
const COMMAND_TIMEOUT_MS = 500

/** Keys: the entry, its tags. Arguments: versions, JSON, time to live in ms. */
const KEEP = `
local now = redis.call('MGET', unpack(KEYS, 2))
for i = 1, #KEYS - 1 do if not now[i] then return 0 end end
if table.concat(now, ' ') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. '\\n' .. ARGV[2], 'PX', ARGV[3])
return 1`

export type Found = {
  /** Names the state of all of the entry's tags; it changes with every invalidation. */
  readonly versions: string
  /** The kept value, when there is one made under just these versions. */
  readonly json: string | undefined
}
export type RedisStore = {
  /** Undefined when Redis cannot tell. */
  look(key: string, tags: readonly string[]): Promise<Found | undefined>
  /** Nothing happens when the versions are no longer these: a late maker must not push out what is newer. */
  keep(entry: { key: string; tags: readonly string[]; versions: string; json: string; ttlMs: number }): Promise<void>
  /** Ends the versions of the tags; what could not be sent is sent later, and `look` tells nothing of it until then. */
  invalidate(tags: readonly string[]): Promise<void>
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}

/**
 * Entries carry the versions their tags had when their making began, and count only while these are the versions of now.
 * Invariants: a version is a random word that never comes again; invalidation deletes it; a missing version matches
 * nothing (so that one lost by eviction or expiry costs a miss, not a stale answer).
 */
export function createRedisStore(o: { url: string; log: Log }): RedisStore {
  const unsent = createUnsent(EVERYTHING)
  const guard = createRedisGuard({
    ...o,
    name: 'tutti-cache',
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    warning: 'Redis failed: for now answers are made without the cache',
    async prepare(client) {
      await noticeRestart(client)
      const waiting = unsent.snapshot()
      for (const keys of tagKeysInParts(waiting.tags)) await client.del(keys)
      unsent.remove(waiting)
    },
  })

  const end = async (tags: readonly string[]): Promise<boolean> => {
    for (const keys of tagKeysInParts(tags))
      if ((await guard.attempt((client) => client.del(keys))) === undefined) return false
    return true
  }
  const retry = setInterval(() => {
    const waiting = unsent.snapshot()
    if (waiting.tags.length > 0) void end(waiting.tags).then((sent) => sent && unsent.remove(waiting))
  }, RETRY_MS).unref()

  return {
    async look(key, tags) {
      const all = [EVERYTHING, ...tags]
      if (unsent.hasOneOf(all)) return undefined
      return guard.attempt((client) => find(client, key, all))
    },
    async keep({ key, tags, versions, json, ttlMs }) {
      const leftMs = Math.floor(Math.min(ttlMs, TTL_MAX_MS))
      if (leftMs <= 0) return
      const keys = [entryKey(key), ...[EVERYTHING, ...tags].map(tagKey)]
      await guard.attempt((client) => client.eval(KEEP, { keys, arguments: [versions, json, `${leftMs}`] }))
    },
    async invalidate(tags) {
      if (!(await end(tags))) unsent.add(tags)
    },
    check: () => guard.check(),
    async close() {
      clearInterval(retry)
      await guard.close()
    },
  }
}

function* tagKeysInParts(tags: readonly string[]): Generator<string[]> {
  for (let at = 0; at < tags.length; at += TAGS_PER_COMMAND) yield tags.slice(at, at + TAGS_PER_COMMAND).map(tagKey)
}

async function find(client: RedisClient, key: string, tags: readonly string[]): Promise<Found> {
  const tagKeys = tags.map(tagKey)
  const [entry, ...versions] = await client.mGet([entryKey(key), ...tagKeys])
  if (!versions.every((version) => version !== null)) return { versions: await claim(client, tagKeys), json: undefined }
  const now = versions.join(' ')
  return { versions: now, json: entry?.startsWith(`${now}\n`) ? entry.slice(now.length + 1) : undefined }
}

/** Gives a version to each tag that has none, in one step with reading them all: no invalidation falls between. */
async function claim(client: RedisClient, tagKeys: readonly string[]): Promise<string> {
  const expiration = { type: 'PX', value: TAG_TTL_MS } as const
  const multi = client.multi()
  for (const key of tagKeys) multi.set(key, randomBytes(9).toString('base64url'), { condition: 'NX', expiration })
  const replies: unknown[] = await multi.mGet([...tagKeys]).exec()
  return (replies.at(-1) as string[]).join(' ')
}

/**
 * A server that started from an older snapshot, or a replica that took over, may hold versions that were ended since.
 * The first to meet it ends everything. A server that does not tell who it is gets no trust either.
 */
async function noticeRestart(client: RedisClient): Promise<void> {
  const info = await client.info('server').catch(() => '')
  const run = /run_id:(\w+)/.exec(info)?.[1] ?? randomBytes(9).toString('hex')
  if ((await client.get(RUN_KEY)) === run) return
  await client.multi().del(tagKey(EVERYTHING)).set(RUN_KEY, run).exec()
}
