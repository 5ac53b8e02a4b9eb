import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Blobs, createBlobs, type S3BlobOptions } from '#kernel/blob/index.ts'
import { holdingMedia } from '#kernel/blob/media.ts'
import { type Cache, createCache } from '#kernel/cache/index.ts'
import type { Config } from '#kernel/config/index.ts'
import { type Counters, createCounters } from '#kernel/counters/index.ts'
import { connect, connectDirect, type Db } from '#kernel/db/index.ts'
import { startEmbedded } from '#kernel/db/embedded/index.ts'
import { migrate } from '#kernel/db/migrate.ts'
import { migrateJobs } from '#kernel/jobs/index.ts'
import { type Keys, openKeys } from '#kernel/keys.ts'
import type { Log } from '#kernel/log.ts'
import { createMail, type Mail } from '#kernel/mail/index.ts'
import { createMedia, type Media } from '#kernel/media/index.ts'
import { createMetrics, type Metrics } from '#kernel/metrics.ts'
import { createPubSub, type PubSub } from '#kernel/pubsub/index.ts'
import type { Vault } from '#kernel/vault.ts'
import { openVault } from '#kernel/vault-key.ts'
import type { Closers } from './closers.ts'

/** Places for media processes beside the transcodes: one-off decodes never wait for listeners. */
const MEDIA_SPARE = 2

/** Everything outside the program that modules reach, behind the kernel's interfaces. */
export type Ports = {
  db: Db
  url: string
  /** The same database without a transaction pooler between. */
  directUrl: string
  keys: Keys
  vault: Vault
  cache: Cache
  counters: Counters
  pubsub: PubSub
  blobs: Blobs
  media: Media
  mail: Mail
  metrics: Metrics
}
export type MigrationSet = { module: string; dir: URL }
type Deps = {
  config: Config
  log: Log
  closers: Closers
  migrations: readonly MigrationSet[]
  onDatabaseLost: (detail: string) => void
}

export async function openPorts(d: Deps): Promise<Ports> {
  const { config, log, closers } = d
  // The embedded database makes its own, so that the user it runs as may pass.
  if (config.databaseUrl) await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const { url, directUrl } = await openDatabase(d)
  const db = connect({ url, poolMax: config.databasePoolMax, log })
  closers.add('database connections', () => db.close())
  await migrateAll(d, db, directUrl)
  const shared = { log, ...(config.redisUrl ? { redisUrl: config.redisUrl } : {}) }
  // An embedded database has one process: nobody else to tell.
  const pubsub = await createPubSub({ ...shared, ...(config.databaseUrl ? { databaseUrl: directUrl } : {}) })
  closers.add('pubsub', () => pubsub.close())
  const cache = await createCache({ ...shared, pubsub })
  closers.add('cache', () => cache.close())
  const counters = await createCounters(shared)
  closers.add('counters', () => counters.close())
  const blobs = await createBlobs({ dir: join(config.dataDir, 'blobs'), s3: s3Options(config, log) })
  closers.add('blobs', () => blobs.close())
  const tools = await createMedia({
    log,
    processesMax: config.transcodesMax + MEDIA_SPARE,
    ...(config.ffmpegBin ? { ffmpegBin: config.ffmpegBin } : {}),
  })
  closers.add('media processes', () => tools.close())
  const media = blobs.isRemote ? holdingMedia(tools, blobs) : tools
  const vault = await openVault({ config, pool: db.pool, log })
  return {
    db,
    url,
    directUrl,
    keys: await openKeys({ ...tokenLives(config), pool: db.pool, vault }),
    vault,
    cache,
    counters,
    pubsub,
    blobs,
    media,
    mail: createMail({ config, log }),
    metrics: createMetrics(),
  }
}

const s3Options = (config: Config, log: Log): S3BlobOptions | undefined =>
  config.s3Bucket === undefined
    ? undefined
    : {
        endpoint: config.s3Endpoint,
        publicEndpoint: config.s3PublicEndpoint,
        bucket: config.s3Bucket,
        region: config.s3Region,
        accessKey: config.s3AccessKey,
        secretKey: config.s3SecretKey,
        copiesDir: join(config.dataDir, 'cache', 'copies'),
        copiesMaxBytes: config.s3CopiesBytes,
        log,
      }

/** What other tokens than those for access may live. */
const OTHER_TOKENS_LIFE_SEC = 3600
const tokenLives = (config: Config) => ({
  keyLifeSec: config.signingKeyLifeSec,
  tokenLifeSecMax: Math.max(config.accessTokenTtlSec, OTHER_TOKENS_LIFE_SEC),
})

async function openDatabase({
  config,
  log,
  closers,
  onDatabaseLost,
}: Deps): Promise<{ url: string; directUrl: string }> {
  if (config.databaseUrl) return { url: config.databaseUrl, directUrl: config.databaseDirectUrl ?? config.databaseUrl }
  const embedded = await startEmbedded({
    dataDir: config.dataDir,
    pgBin: config.pgBin,
    log: (level, message) => log[level]({ module: 'postgres' }, message),
    onExit: onDatabaseLost,
  })
  closers.add('embedded PostgreSQL', () => embedded.stop())
  return { url: embedded.url, directUrl: embedded.url }
}

async function migrateAll(d: Deps, db: Db, directUrl: string): Promise<void> {
  const client = await connectDirect(directUrl)
  try {
    const sets = [{ module: 'kernel', dir: new URL('../migrations/', import.meta.url) }, ...d.migrations]
    await migrate(client, sets, (level, message) => d.log[level](message))
    // Always: a kill in the middle of the queue's own steps leaves some of them undone. Costs a millisecond or two.
    await migrateJobs(db.pool, d.log)
  } finally {
    await client.end()
  }
}
