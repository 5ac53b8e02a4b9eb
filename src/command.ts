import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type App, startApp } from '#kernel/app/index.ts'
import { type Config, ConfigError, readConfig, readEnv } from '#kernel/config/index.ts'
import { StartError } from '#kernel/db/embedded/errors.ts'
import { createLog, type Log } from '#kernel/log.ts'
import { DUTIES, type Duty } from '#kernel/module.ts'
import { identity } from '#modules/identity/schema.ts'
import { resetDatabase, seedDatabase } from './database.ts'
import { loadModules, MODULES, moduleTable, readTarget, SERVICES, type Target } from './targets.ts'

const root = join(import.meta.dirname, '..')
export const VERSION = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version

const HELP = `Tutti ${VERSION}: the complete backend for music apps.

  npm start -- [options]
    --music DIR        a music folder (several: separate as in PATH, or repeat)
    --port N           port of the web page and API (3000)
    --host ADDRESS     address to listen on (127.0.0.1)
    --data DIR         folder for everything Tutti keeps (./data)
    --target NAMES     run only a part (see --modules)
    --roles LIST       of that part, only these duties: ${DUTIES.join(', ')}
    --modules          print the parts and end
    --version, --help

Settings also come from the environment and .env; .env.example lists all.
`
const options = {
  music: { type: 'string', multiple: true },
  port: { type: 'string' },
  host: { type: 'string' },
  data: { type: 'string' },
  target: { type: 'string', default: 'all' },
  roles: { type: 'string', default: DUTIES.join(',') },
  db: { type: 'string' },
  yes: { type: 'boolean' },
  modules: { type: 'boolean' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const
type Flags = ReturnType<typeof readFlags>
const readFlags = (args: readonly string[]) => parseArgs({ args: [...args], options, strict: true }).values

/** Runs until told to stop. Returns the exit code: 0, 1 for a failure while running, 2 for wrong words or settings. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    const flags = readFlags(args)
    if (flags.help || flags.version || flags.modules) {
      process.stdout.write(flags.help ? HELP : flags.version ? `${VERSION}\n` : moduleTable())
      return 0
    }
    return await serve(flags)
  } catch (thrown) {
    if (thrown instanceof StartError) process.stderr.write(`\n${thrown.message} [${thrown.code}]\n`)
    else if (thrown instanceof ConfigError) process.stderr.write(`\n${thrown.message}\n`)
    else if (thrown instanceof TypeError && 'code' in thrown) process.stderr.write(`${thrown.message}\n\n${HELP}`)
    else throw thrown
    return thrown instanceof StartError ? 1 : 2
  }
}

/** Flags are the same settings, said louder. */
function configOf(flags: Flags): Config {
  const { port, host, data, music } = flags
  const said = {
    PORT: port,
    HOST: host,
    TUTTI_DATA: data,
    TUTTI_MUSIC: music?.join(process.platform === 'win32' ? ';' : ':'),
  }
  const given = Object.fromEntries(Object.entries(said).filter(([, v]) => v !== undefined))
  return readConfig({ ...readEnv(), ...given }, Object.keys(MODULES))
}

function dutiesOf(roles: string): ReadonlySet<Duty> {
  const names = roles.split(',').map((r) => r.trim())
  const wrong = names.find((n) => !(DUTIES as readonly string[]).includes(n))
  if (wrong !== undefined)
    throw new StartError('unknown_role', `--roles does not know "${wrong}"; it knows ${DUTIES.join(', ')}.`)
  return new Set(names as Duty[])
}

/** Start the parts of a target in this process. */
export async function startTarget(o: {
  config: Config
  target: Target
  duties: ReadonlySet<Duty>
  log: Log
  onFatal: (detail: string) => void
}): Promise<App> {
  const offers = Object.entries(MODULES).flatMap(([module, m]) => m.offers.map((contract) => ({ module, contract })))
  if (o.target.modules.length < Object.keys(MODULES).length && !o.config.databaseUrl) {
    throw new StartError(
      'missing_database_url',
      'Processes split by --target share one PostgreSQL: set DATABASE_URL for each of them.',
    )
  }
  return startApp({
    config: o.config,
    log: o.log,
    version: VERSION,
    service: o.target.name,
    modules: await loadModules(o.target.modules),
    duties: o.duties,
    offers,
    mounts: o.target.mounts,
    gateway: o.target.gateway,
    sessions: identity,
    webDir: join(root, 'web', 'dist'),
    onFatal: o.onFatal,
    services: SERVICES.map((s) => ({
      name: s.name,
      url: o.target.modules.includes(s.module) ? undefined : o.config.urls[s.module],
    })),
  })
}

async function serve(flags: Flags): Promise<number> {
  const config = configOf(flags)
  const target = readTarget(flags.target)
  const log = createLog({ level: config.logLevel, pretty: process.stderr.isTTY })
  const ended = Promise.withResolvers<number>()
  const onFatal = (detail: string) => {
    log.error(detail)
    ended.resolve(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ended.resolve(0))
  const migrating = target.migrateOnly || flags.db !== undefined
  const whole = migrating ? { ...target, modules: Object.keys(MODULES) } : target
  const app = await startTarget({
    config: migrating ? { ...config, port: 0 } : config,
    target: whole,
    duties: migrating ? new Set() : dutiesOf(flags.roles),
    log,
    onFatal,
  })
  if (flags.db === 'reset')
    await resetDatabase(app, { dataDir: config.dataDir, confirmed: flags.yes ?? false }).finally(() => app.stop())
  if (flags.db === 'seed') await seedDatabase(app).finally(() => app.stop())
  if (migrating) ended.resolve(0)
  else process.stdout.write(`Tutti is ready at ${app.url}\n`)
  const code = await ended.promise
  await app.stop()
  return code
}
