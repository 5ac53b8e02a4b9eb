import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/** Something that did not close must not keep a stopped program in memory. */
const LINGER_MS_MAX = 5000

// A quarter of a second of every start. Where the folder may not be written, there is none and nothing else changes.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'tutti'))
// After that line, not before it: what is imported above is compiled without the cache.
const { runCommand } = await import('./command.ts')
process.exitCode = await runCommand(process.argv.slice(2))
setTimeout(() => process.exit(), LINGER_MS_MAX).unref()
