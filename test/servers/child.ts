import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Ends the child and removes its folder when this process ends, also by `kill -9`: the watcher's standard input closes with us. */
export function endWithUs(child: ChildProcess, dir: string): void {
  if (child.pid === undefined) return
  const watcher = spawn('/bin/sh', ['-c', 'cat >/dev/null; kill -9 "$0"; rm -rf "$1"', String(child.pid), dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.once('exit', () => watcher.kill('SIGKILL'))
}

/** Ends it now, unless it has ended. */
export async function endNow(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
