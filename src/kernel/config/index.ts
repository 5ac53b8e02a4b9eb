import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { messageOf } from '#kernel/errors.ts'
import type { Setting } from './schema.ts'
import { type Settings, settings } from './settings.ts'

/** `urls`: where modules that run in other processes answer, by module name (`CATALOG_URL` -> `catalog`). */
export type Config = Settings & { readonly urls: Readonly<Record<string, string>> }
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

/**
 * Read and check everything at once. Throws {@link ConfigError} with all faults.
 * A setting may come from a file named by `<NAME>_FILE` (secrets of Docker and Kubernetes).
 */
export function readConfig(env: Env, modules: readonly string[] = []): Config {
  const faults: string[] = []
  const entries = Object.entries(settings) as [string, Setting<unknown>][]
  const values = entries.map(([name, s]) => [name, readSetting(s, env, faults)] as const)
  const urls = readUrls(modules, env, faults)
  const { REDIS_HOST: host, REDIS_PORT: port = '6379' } = env
  const config = { ...(Object.fromEntries(values) as Settings), urls }
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    ...config,
    dataDir: resolve(config.dataDir),
    musicDirs: config.musicDirs.map((d) => resolve(d)),
    ...(config.redisUrl === undefined && host ? { redisUrl: `redis://${host}:${port}` } : {}),
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
  if (env[name] !== undefined || !file) return env[name]
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    faults.push(`${name}_FILE names "${file}", which cannot be read`)
    return undefined
  }
}

function readUrls(modules: readonly string[], env: Env, faults: string[]): Record<string, string> {
  const found = modules.flatMap((m) => {
    const name = `${m.toUpperCase()}_URL`
    const value = env[name]
    if (!value) return []
    if (!URL.canParse(value)) faults.push(`${name} must be a URL such as http://${m}:3000, but is "${value}"`)
    return [[m, value] as const]
  })
  return Object.fromEntries(found)
}
