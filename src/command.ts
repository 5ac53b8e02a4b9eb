import { readFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type App, migrateOnly, startApp } from '#kernel/app/index.ts'
import { type Config, ConfigError, readConfig, readEnv } from '#kernel/config/index.ts'
import { StartError } from '#kernel/db/embedded/errors.ts'
import { createLog, type Log } from '#kernel/log.ts'
import { DUTIES, type Duty } from '#kernel/module.ts'
import { identity } from '#modules/identity/schema.ts'
import { resetDatabase, seedDatabase } from './database.ts'
import { whenToldToEnd } from './ending.ts'
import { loadModules, MODULES, moduleTable, OFFERS, readTarget, servicesOf, type Target, URL_NAMES } from './targets.ts'

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
    else if (isWrongFlag(thrown)) process.stderr.write(`${thrown.message}\n\n${HELP}`)
    else throw thrown
    return thrown instanceof StartError && !WRONG_WORDS.has(thrown.code) ? 1 : 2
  }
}

/** Start errors that the command line or the environment explains, and not the machine. */
const WRONG_WORDS = new Set(['unknown_target', 'unknown_role', 'unknown_change', 'missing_url', 'missing_database_url'])
const isWrongFlag = (thrown: unknown): thrown is TypeError =>
  thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS')

/** Flags are the same settings, said louder. */
function configOf(flags: Flags): Config {
  const { port, host, data, music } = flags
  const said = {
    PORT: port,
    HOST: host,
    TUTTI_DATA: data && fromCaller(data),
    TUTTI_MUSIC: music
      ?.flatMap((m) => m.split(delimiter))
      .map(fromCaller)
      .join(delimiter),
  }
  const given = Object.fromEntries(Object.entries(said).filter(([, v]) => v !== undefined))
  return readConfig({ ...readEnv(), ...given }, URL_NAMES)
}

/** npm runs us in the project's folder; what people type is relative to theirs. */
const fromCaller = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path)

function dutiesOf(roles: string): ReadonlySet<Duty> {
  const names = roles.split(',').map((r) => r.trim())
  const wrong = names.find((n) => !(DUTIES as readonly string[]).includes(n))
  if (wrong !== undefined)
    throw new StartError('unknown_role', `--roles does not know "${wrong}"; it knows ${DUTIES.join(', ')}.`)
  return new Set(names as Duty[])
}

type Start = {
  config: Config
  target: Target
  duties: ReadonlySet<Duty>
  log: Log
  onFatal: (detail: string) => void
}

/** Start the parts of a target in this process. */
async function startTarget(o: Start): Promise<App> {
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
    offers: OFFERS,
    mounts: o.target.mounts,
    gateway: o.target.gateway,
    sessions: identity,
    webDir: join(root, 'web', 'dist'),
    onFatal: o.onFatal,
    services: o.target.gateway ? servicesOf(o.target, o.config.urls) : [],
  })
}

async function serve(flags: Flags): Promise<number> {
  const config = configOf(flags)
  const target = readTarget(flags.target)
  const duties = dutiesOf(flags.roles)
  const log = createLog({ level: config.logLevel, pretty: process.stderr.isTTY })
  const ended = whenToldToEnd(log)
  if (target.migrateOnly) {
    const modules = await loadModules(Object.keys(MODULES))
    await migrateOnly({ config, log, modules, onFatal: ended.fail })
    return 0
  }
  if (flags.db !== undefined) return changeDatabase(flags.db, flags.yes ?? false, { config, log, onFatal: ended.fail })
  const app = await startTarget({ config, target, duties, log, onFatal: ended.fail })
  process.stdout.write(`Tutti is ready at ${app.url}\n`)
  const code = await ended.code
  await app.stop()
  return code
}

/** The whole program without duties, for one change of its database. */
async function changeDatabase(
  what: string,
  confirmed: boolean,
  o: Pick<Start, 'config' | 'log' | 'onFatal'>,
): Promise<number> {
  if (what !== 'reset' && what !== 'seed')
    throw new StartError('unknown_change', `--db does not know "${what}"; it knows reset and seed.`)
  const app = await startTarget({
    ...o,
    config: { ...o.config, port: 0 },
    target: readTarget('all'),
    duties: new Set(),
  })
  try {
    if (what === 'reset') await resetDatabase(app, { dataDir: o.config.dataDir, confirmed })
    else await seedDatabase(app)
    return 0
  } finally {
    await app.stop()
  }
}
