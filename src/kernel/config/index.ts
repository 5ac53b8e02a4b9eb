import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { messageOf } from '#kernel/errors.ts'
import { type OidcProvider, readProviders } from './providers.ts'
import { number, type Setting, url } from './schema.ts'
import { type Settings, settings } from './settings.ts'
import { storageFaults } from './storage.ts'

/** `urls`: where parts that run in other processes answer, by name (`CATALOG_URL` -> `catalog`). */
export type Config = Settings & {
  readonly urls: Readonly<Record<string, string>>
  /** By lower-case name: `OIDC_GOOGLE_ISSUER` -> `google`. */
  readonly oidc: Readonly<Record<string, OidcProvider>>
}
export type Env = Readonly<Record<string, string | undefined>>

/** Every fault of the configuration in one error, one line each. */
export class ConfigError extends Error {
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** The environment over `.env` of this folder; what is set outside wins. */
export function readEnv(outer: Env = process.env, file = '.env'): Env {
  return existsSync(file) ? { ...parseEnv(readFileSync(file, 'utf8')), ...outer } : outer
}

/** The older way to say where Redis is. */
function readRedisHost(env: Env, faults: string[]): string | undefined {
  const { REDIS_HOST: host, REDIS_PORT: port } = env
  if (!host) return undefined
  try {
    return `redis://${host}:${number(1, 65_535)(port || '6379')}`
  } catch (thrown) {
    faults.push(`REDIS_PORT ${messageOf(thrown)}, but is "${port}"`)
    return undefined
  }
}

/**
 * Read and check everything at once. Throws {@link ConfigError} with all faults.
 * A setting may come from a file named by `<NAME>_FILE` (secrets of Docker and Kubernetes).
 */
export function readConfig(env: Env, urlNames: readonly string[] = []): Config {
  const faults: string[] = []
  const entries = Object.entries(settings) as [string, Setting<unknown>][]
  const values = entries.map(([name, s]) => [name, readSetting(s, env, faults)] as const)
  const urls = readUrls(urlNames, env, faults)
  const oidc = readProviders(Object.keys(env), (name) => readText(name, env, faults), faults)
  const redisUrl = readRedisHost(env, faults)
  const config = { ...(Object.fromEntries(values) as Settings), urls, oidc }
  faults.push(...storageFaults(config))
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    ...config,
    dataDir: resolve(config.dataDir),
    musicDirs: config.musicDirs.map((d) => resolve(d)),
    redisUrl: config.redisUrl ?? redisUrl,
  }
}

function readSetting(s: Setting<unknown>, env: Env, faults: string[]): unknown {
  for (const name of [s.env, ...(s.aliases ?? [])]) {
    const found = readText(name, env, faults)
    if (found === undefined || found === '') continue
    try {
      return s.parse(found)
    } catch (thrown) {
      faults.push(`${name} ${messageOf(thrown)}${s.secret ? '' : `, but is "${found}"`}`)
      return s.fallback
    }
  }
  return s.fallback
}

function readText(name: string, env: Env, faults: string[]): string | undefined {
  const file = env[`${name}_FILE`]
  // Compose files pass every name on, those that nobody has set as empty ones.
  if (env[name] || !file) return env[name]
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    faults.push(`${name}_FILE names "${file}", which cannot be read`)
    return undefined
  }
}

function readUrls(names: readonly string[], env: Env, faults: string[]): Record<string, string> {
  const found = names.flatMap((n) => {
    const name = `${n.toUpperCase()}_URL`
    const value = readText(name, env, faults)
    if (!value) return []
    try {
      return [[n, url('http', 'https')(value)] as const]
    } catch (thrown) {
      faults.push(`${name} ${messageOf(thrown)}, but is "${value}"`)
      return []
    }
  })
  return Object.fromEntries(found)
}
