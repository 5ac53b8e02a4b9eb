/**
 * Runs a command with a PostgreSQL of its own:
 *   node src/kernel/db/embedded/testing-server.ts -- node --test …
 * The command finds it in TUTTI_TEST_DATABASE_URL; when it ends the database is gone, and this ends with its exit code.
 * A TUTTI_TEST_DATABASE_URL that is already set is left as it is.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { startTestCluster, type TestCluster } from './test-cluster.ts'

const USAGE_EXIT = 2
const SIGNAL_EXIT_BASE = 128
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const commandLine = (): string[] => {
  const begin = process.argv.indexOf('--')
  return begin === -1 ? [] : process.argv.slice(begin + 1)
}

function runCommand(command: string, args: string[], url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, TUTTI_TEST_DATABASE_URL: url } })
    // Ctrl-C in a terminal reaches the command by itself; we only have to outlive it, to stop the database after it.
    for (const signal of FORWARDED) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? SIGNAL_EXIT_BASE + constants.signals[signal ?? 'SIGTERM']))
  })
}

/** A server that is given is used and left alone. */
async function openCluster(): Promise<TestCluster> {
  const given = process.env['TUTTI_TEST_DATABASE_URL']
  return given ? { url: given, stop: async () => {} } : startTestCluster()
}

async function main([command, ...args]: string[]): Promise<number> {
  if (command === undefined) {
    process.stderr.write('Say what to run: node src/kernel/db/embedded/testing-server.ts -- <command…>\n')
    return USAGE_EXIT
  }
  const cluster = await openCluster()
  try {
    return await runCommand(command, args, cluster.url)
  } finally {
    await cluster.stop()
  }
}

process.exitCode = await main(commandLine())
