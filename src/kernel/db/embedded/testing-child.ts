/**
 * For the tests of this folder: a Node process that can be killed, started on `argv[2]` (JSON: `startWith`'s arguments).
 * Says on standard output, as JSON lines, what happens; stops the database on SIGINT and SIGTERM.
 */
import { StartError } from './errors.ts'
import { type Internals, type StartOptions, startWith } from './start.ts'

const say = (event: string, more: object) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`)

const { options, internals }: { options: Omit<StartOptions, 'log'>; internals: Internals } = JSON.parse(
  process.argv[2] ?? '{}',
)

try {
  const postgres = await startWith(
    {
      ...options,
      log: (level, message) => say('log', { level, message }),
      onExit: (detail) => say('exit', { detail }),
    },
    internals,
  )
  const stop = () => {
    process.stdin.destroy()
    void postgres.stop()
  }
  // Keeps this process alive, and ends with the test that started it, however that ends.
  process.stdin.on('end', stop).resume()
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  say('started', postgres)
} catch (thrown) {
  if (!(thrown instanceof StartError)) throw thrown
  say('refused', { code: thrown.code, message: thrown.message })
}
