import { runCommand } from './command.ts'

/** Something that did not close must not keep a stopped program in memory. */
const LINGER_MS_MAX = 5000

process.exitCode = await runCommand(process.argv.slice(2))
setTimeout(() => process.exit(), LINGER_MS_MAX).unref()
