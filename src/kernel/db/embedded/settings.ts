/** The database and the superuser of the embedded cluster; only its own socket folder (mode 0700) leads to them. */
export const DATABASE = 'tutti'
export const SUPERUSER = 'tutti'
/** Never a TCP port: it only names the socket file, `.s.PGSQL.5432`. */
export const PORT = 5432

type Setting = { name: string; value: string; why: string; sinceMajor?: number }

/**
 * Modest on purpose: the whole product idles within 300 MB on a small machine. Durability is never traded away.
 * Each line goes to tutti.conf with its reason; lines in postgresql.conf below the include win over these.
 */
const SETTINGS: readonly Setting[] = [
  { name: 'fsync', value: 'on', why: 'nothing acknowledged is lost' },
  { name: 'full_page_writes', value: 'on', why: 'a torn page after a power cut is repaired' },
  { name: 'synchronous_commit', value: 'on', why: 'a commit is on the disk before it is answered' },
  { name: 'wal_level', value: 'minimal', why: 'no replica reads the log, so it can be short' },
  { name: 'max_wal_senders', value: '0', why: 'required by wal_level = minimal' },
  { name: 'max_wal_size', value: '512MB', why: 'bounds the log on disk, yet a large scan checkpoints rarely' },
  { name: 'max_connections', value: '50', why: 'one program with a pool; each slot costs shared memory' },
  { name: 'shared_buffers', value: '48MB', why: 'the largest part of idle memory; the page cache does the rest' },
  { name: 'effective_cache_size', value: '512MB', why: 'a small machine; makes the planner trust indexes' },
  { name: 'work_mem', value: '8MB', why: 'per sort, times the pool: bounded' },
  { name: 'maintenance_work_mem', value: '64MB', why: 'index builds and vacuum' },
  { name: 'random_page_cost', value: '1.1', why: 'solid-state disks' },
  { name: 'jit', value: 'off', why: 'costs more than it gives on short queries' },
  { name: 'max_parallel_workers_per_gather', value: '0', why: 'two cores are shared with analysis; needs no /dev/shm' },
  { name: 'max_logical_replication_workers', value: '0', why: 'spares the launcher process' },
  { name: 'io_method', value: 'sync', why: 'spares three I/O worker processes', sinceMajor: 18 },
  { name: 'autovacuum_max_workers', value: '2', why: 'two cores' },
  { name: 'timezone', value: "'UTC'", why: 'the same answers on every machine' },
  { name: 'log_timezone', value: "'UTC'", why: 'the same as the log of the product' },
  { name: 'log_destination', value: 'stderr', why: 'the product keeps the file, and bounds it' },
  { name: 'log_checkpoints', value: 'off', why: 'no use to the reader of this log' },
  { name: 'log_error_verbosity', value: 'terse', why: 'DETAIL quotes row values: e-mails must not reach a log' },
  { name: 'log_min_error_statement', value: 'panic', why: 'statements may quote user data' },
]

const line = ({ name, value, why }: Setting): string => `${name} = ${value}  # ${why}\n`

const isKnownTo =
  (major: number) =>
  ({ sinceMajor = 0 }: Setting): boolean =>
    major >= sinceMajor

/** tutti.conf: rewritten by each start. `extra` comes last and so wins (tests switch fsync off with it). */
export const settingsText = (major: number, extra: Record<string, string>): string =>
  [
    '# Written by Tutti at each start. Your own settings belong into postgresql.conf, below the include.\n',
    ...SETTINGS.filter(isKnownTo(major)).map(line),
    ...Object.entries(extra).map(([name, value]) => `${name} = ${value}\n`),
  ].join('')

/** The socket's folder is private already; peer also checks who connects: the cluster's owner or root, nobody else. */
export const HOST_RULES = '# Written by Tutti.\nlocal all all peer map=tutti\n'

export const userMap = (ownerName: string): string =>
  ['# Written by Tutti.', ...[...new Set(['root', ownerName])].map((name) => `tutti "${name}" ${SUPERUSER}`), ''].join(
    '\n',
  )

/** On the command line because no file may change them. */
export const fixedArguments = (cluster: string, socketDir: string): string[] => {
  const fixed = {
    listen_addresses: '',
    port: String(PORT),
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    logging_collector: 'off',
  }
  return ['-D', cluster, ...Object.entries(fixed).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}
