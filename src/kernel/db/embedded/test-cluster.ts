import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartLog } from './errors.ts'
import { type EmbeddedPostgres, startWith } from './start.ts'

export type TestCluster = { url: string; stop: () => Promise<void> }

/** For tests alone: nothing here outlives the run, so nothing needs to reach the disk. */
const TEST_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  max_connections: '200',
}

/**
 * Ends the postmaster once its owner is gone, however that went: the owner's death closes the pipe this reads from.
 * It waits for the file and not for the process: as a zombie that would stay. Arguments: the postmaster, then the folders
 * to remove, the data folder first.
 */
const WATCHDOG = `read -r word; [ "$word" = stopped ] && exit 0
pid=$1; shift; kill -INT "$pid"
tries=0; while [ -e "$1/postgres/postmaster.pid" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf "$@"`

/** Returns what to call when the postmaster has been stopped in the ordinary way. */
function watchOver(postgres: EmbeddedPostgres, dataDir: string): () => void {
  const args = ['-c', WATCHDOG, 'watchdog', String(postgres.pid), dataDir, postgres.socketDir]
  const watchdog = spawn('/bin/sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  watchdog.unref()
  const { stdin } = watchdog
  // Typed as a stream, but a socket at run time: it must not keep the owner alive.
  if (stdin instanceof Socket) stdin.unref()
  return () => void stdin.end('stopped\n')
}

const sayErrors: StartLog = (level, message) => {
  if (level === 'error') process.stderr.write(`${message}\n`)
}

/**
 * An embedded PostgreSQL in a new temporary folder. `stop` removes everything; so does the end of this process, even by
 * kill -9, a moment later.
 */
export async function startTestCluster(): Promise<TestCluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tutti-test-'))
  // As root the cluster is another user's, who must be able to pass.
  await chmod(dataDir, 0o711)
  const postgres = await startWith({ dataDir, log: sayErrors }, { extraSettings: TEST_SETTINGS })
  const endWatch = watchOver(postgres, dataDir)
  const stop = async () => {
    await postgres.stop()
    endWatch()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { url: postgres.url, stop }
}
