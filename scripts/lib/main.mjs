import { fileURLToPath } from 'node:url'
import { commands, usage } from './commands.mjs'
import { ensureInstalled } from './install.mjs'
import { childEnvironment, endLike, Fault, handOver } from './processes.mjs'
import { buildWebApp } from './webapp.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Everything this bootstrap says goes to stderr: stdout belongs to the command (`analyze` prints JSON there). */
const say = (line) => process.stderr.write(`${line}\n`)

/**
 * Runs one command of the table: libraries first, then the web app where the command wants it, then the command itself
 * under Node 26. Ends the process with the command's own exit code; 2 for a command that does not exist.
 */
export async function main([name, ...args]) {
  if (!Object.hasOwn(commands, name ?? '')) {
    say(usage())
    process.exitCode = name === undefined || name === 'help' ? 0 : 2
    return
  }
  try {
    await runCommand(commands[name], args)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    say(error.message)
    endLike({ code: 1, signal: error.signal })
  }
}

async function runCommand(command, args) {
  process.env.INIT_CWD ??= process.cwd()
  process.chdir(root)
  const node = await ensureInstalled(root, say)
  const env = { ...childEnvironment(node), ...command.env?.(args, root) }
  const context = { root, node, env, say }
  if (command.needsWebApp?.(args)) await buildWebApp(context)
  if (command.run) process.exitCode = await command.run(args, context)
  else await handOver(node, command.argv(args, context), env)
}
