/**
 * Scan: tracks/s of a first scan with tags, memory while it runs, rescans of libraries of any size.
 *   npm run bench -- scan [--files 5000] [--entries 50000] [--known 0]
 * The whole product runs: embedded PostgreSQL as shipped (fsync on), tag processes, covers, search documents.
 * `--files 100000` is the large first scan; `--known 1000000` rescans a library whose rows are written by the bench.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** As the server is started: with its small nursery, and with what was compiled before. */
const FLAGS = ['--max-semi-space-size=8']
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tutti')

const { status } = spawnSync(
  process.execPath,
  [...FLAGS, join(import.meta.dirname, 'scan.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE: CACHE } },
)
process.exitCode = status ?? 1
