import { delimiter } from 'node:path'
import {
  bytes,
  durationSec,
  flag,
  list,
  logLevel,
  number,
  optional,
  secret,
  secrets,
  type Setting,
  setting,
  text,
  url,
} from './schema.ts'
import { signIn } from './sign-in.ts'
import { storage } from './storage.ts'

/** Every setting of the program. The property name is the name in code, `env` the name outside. */
export const settings = {
  port: setting({
    env: 'PORT',
    group: 'basics',
    about: 'Port of the web page and API; 0 takes a free one',
    parse: number(0, 65_535),
    fallback: 3000,
  }),
  host: setting({
    env: 'HOST',
    group: 'basics',
    about: 'Address to listen on; 0.0.0.0 lets other machines in',
    parse: text,
    fallback: '127.0.0.1',
  }),
  dataDir: setting({
    env: 'TUTTI_DATA',
    group: 'basics',
    about: 'Folder of everything Tutti keeps: database, caches, uploads',
    parse: text,
    fallback: './data',
  }),
  musicDirs: setting({
    env: 'TUTTI_MUSIC',
    group: 'basics',
    about: `Music folders, separated by "${delimiter}"; never written to`,
    example: '/music',
    parse: list(delimiter),
    fallback: [] as readonly string[],
  }),
  publicUrl: optional({
    env: 'PUBLIC_URL',
    group: 'basics',
    about: 'Address people use, when a proxy stands before Tutti',
    example: 'https://music.example.org',
    parse: url('http', 'https'),
  }),
  logLevel: setting({
    env: 'LOG_LEVEL',
    group: 'basics',
    about: 'error, warn, info, debug or silent',
    parse: logLevel,
    fallback: 'info',
  }),

  libraryPollSec: setting({
    env: 'LIBRARY_POLL_INTERVAL',
    group: 'basics',
    about: 'How often music folders are compared that nothing tells of changes in (network drives)',
    example: '15m',
    parse: durationSec,
    fallback: 15 * 60,
  }),

  databaseUrl: optional({
    env: 'DATABASE_URL',
    group: 'database',
    about: 'An outside PostgreSQL (15 or newer) instead of the embedded one',
    example: 'postgres://tutti:secret@db:5432/tutti',
    secret: true,
    parse: url('postgres', 'postgresql'),
  }),
  databaseDirectUrl: optional({
    env: 'DATABASE_DIRECT_URL',
    group: 'database',
    about: 'The same database without the transaction pooler, for LISTEN and advisory locks',
    secret: true,
    parse: url('postgres', 'postgresql'),
  }),
  databasePoolMax: setting({
    env: 'DATABASE_POOL_MAX',
    group: 'database',
    about: 'Connections of one process',
    parse: number(2, 200),
    fallback: 10,
  }),
  pgBin: optional({
    env: 'PG_BIN',
    group: 'database',
    about: 'Folder of other PostgreSQL programs for the embedded database',
    example: '/usr/lib/postgresql/18/bin',
    parse: text,
  }),
  redisUrl: optional({
    env: 'REDIS_URL',
    group: 'database',
    about: 'Redis or Valkey for cache and messages between processes',
    example: 'redis://localhost:6379',
    secret: true,
    parse: url('redis', 'rediss', 'redis+unix', 'unix'),
  }),

  transcodeCacheBytes: setting({
    env: 'TRANSCODE_CACHE_SIZE',
    group: 'storage',
    about: 'Most that transcodes may take, those in the making too',
    example: '10G',
    parse: bytes,
    fallback: 5 * 1024 ** 3,
  }),
  uploadMaxBytes: setting({
    env: 'UPLOAD_MAX_SIZE',
    group: 'storage',
    about: 'Most that one uploaded audio file may have',
    example: '2G',
    parse: bytes,
    fallback: 2 * 1024 ** 3,
  }),
  uploadImageMaxBytes: setting({
    env: 'UPLOAD_IMAGE_MAX_SIZE',
    group: 'storage',
    about: 'Most that one uploaded picture may have',
    example: '20M',
    parse: bytes,
    fallback: 20 * 1024 ** 2,
  }),
  uploadQuotaBytes: setting({
    env: 'UPLOAD_QUOTA',
    group: 'storage',
    about: 'Most that the uploads of one person may take together; 0 sets no bound',
    example: '20G',
    parse: bytes,
    fallback: 20 * 1024 ** 3,
  }),
  uploadExpiresSec: setting({
    env: 'UPLOAD_EXPIRES',
    group: 'storage',
    about: 'How long an unfinished upload, or one that nothing was made of, is kept',
    example: '24h',
    parse: durationSec,
    fallback: 24 * 3600,
  }),
  ...storage,
  ffmpegBin: optional({
    env: 'FFMPEG_BIN',
    group: 'storage',
    about: 'FFmpeg to use; else the one on the path, else the WebAssembly one',
    example: '/usr/bin/ffmpeg',
    parse: text,
  }),
  encryptKey: optional({
    env: 'ENCRYPT_KEY',
    group: 'storage',
    about:
      'Seals signing keys and outside tokens in the database: 32 characters or more. With the embedded database one is made and kept in the data folder',
    secret: true,
    parse: secret,
  }),
  encryptKeysPrevious: setting({
    env: 'ENCRYPT_KEY_PREVIOUS',
    group: 'storage',
    about: 'Former values of ENCRYPT_KEY, separated by commas: what they sealed is opened and sealed anew at the start',
    secret: true,
    parse: secrets,
    fallback: [] as readonly string[],
  }),

  ...signIn,

  rateLimitPerMin: setting({
    env: 'RATE_LIMIT_PER_MIN',
    aliases: ['RATE_LIMIT_MAX'],
    group: 'limits',
    about: 'Requests a minute of one user or address',
    parse: number(10, 10_000_000),
    fallback: 6000,
  }),
  rateLimitAuthPerMin: setting({
    env: 'RATE_LIMIT_AUTH_PER_MIN',
    group: 'limits',
    about: 'Sign-ins a minute from one address',
    parse: number(1, 10_000_000),
    fallback: 30,
  }),
  metricsToken: optional({
    env: 'METRICS_TOKEN',
    group: 'limits',
    about: 'Who reads /metrics must send it as bearer token; without it anybody may read: 32 characters or more',
    secret: true,
    parse: secret,
  }),
  transcodesMax: setting({
    env: 'TRANSCODES_MAX',
    group: 'limits',
    about: 'Transcodes at once in one process',
    parse: number(1, 256),
    fallback: 4,
  }),
  transcodesPerListener: setting({
    env: 'TRANSCODES_PER_LISTENER',
    group: 'limits',
    about: 'Transcodes at once for one person, or one address where nobody is signed in',
    parse: number(1, 256),
    fallback: 3,
  }),
  analysisWorkers: setting({
    env: 'ANALYSIS_WORKERS',
    group: 'limits',
    about: 'Threads that analyse; 0 means all cores (but one where threads have no priority of their own)',
    parse: number(0, 256),
    fallback: 0,
  }),

  enableRealTime: setting({
    env: 'ENABLE_REAL_TIME',
    group: 'advanced',
    about: 'Sockets on or off',
    parse: flag,
    fallback: true,
  }),
  enableAnalysis: setting({
    env: 'ENABLE_ANALYSIS',
    group: 'advanced',
    about: 'Analyse songs on arrival',
    parse: flag,
    fallback: true,
  }),
} satisfies Record<string, Setting<never> | Setting<unknown>>

export type Settings = {
  readonly [K in keyof typeof settings]: (typeof settings)[K] extends Setting<infer T> ? T : never
}
