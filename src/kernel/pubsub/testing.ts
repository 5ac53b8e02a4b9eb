import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { createClient } from 'redis'
import type { Log } from '#kernel/log.ts'

/** A log that keeps its lines. */
export function memoryLog(): Log & { lines: { level: number; msg: string; [field: string]: unknown }[] } {
  const lines: { level: number; msg: string }[] = []
  const log = pino(
    { level: 'debug' },
    { write: (line) => lines.push(JSON.parse(line) as { level: number; msg: string }) },
  )
  return Object.assign(log as Log, { lines })
}

const hasRedis = spawnSync('redis-server', ['--version']).status === 0
/** The reason to skip the tests that need a Redis; none under `TUTTI_TEST_FULL=1`, where they must run. */
export const skipRedis =
  hasRedis || process.env['TUTTI_TEST_FULL'] === '1'
    ? false
    : 'redis-server is not installed (apt install redis-server)'

export type TestRedis = {
  url: string
  /** Like `kill -9`: the memory is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** It stays connected and answers nothing, until `resume`. */
  freeze(): void
  resume(): void
  close(): Promise<void>
}

const READY_MAX_MS = 5_000

/** A real Redis on a Unix socket of its own, without persistence. */
export async function startTestRedis(): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-redis-'))
  const url = `unix://${join(dir, 'redis.sock')}`
  let child: ChildProcess | undefined
  const start = async () => {
    const args = [
      '--port',
      '0',
      '--unixsocket',
      join(dir, 'redis.sock'),
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      dir,
    ]
    child = spawn('redis-server', args, { stdio: 'ignore' })
    child.on('error', () => undefined)
    endWithUs(child, dir)
    await answers(url)
  }
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child?.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url,
    kill,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async close() {
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Ends the child and removes its folder when this process ends, also by `kill -9`: the watcher's standard input closes with us. */
function endWithUs(child: ChildProcess, dir: string): void {
  if (child.pid === undefined) return
  const watcher = spawn('/bin/sh', ['-c', 'cat >/dev/null; kill -9 "$0"; rm -rf "$1"', String(child.pid), dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.once('exit', () => watcher.kill('SIGKILL'))
}

async function answers(url: string): Promise<void> {
  const giveUpAtMs = performance.now() + READY_MAX_MS
  for (;;) {
    const client = createClient({ url, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.ping()
      return
    } catch (thrown) {
      if (performance.now() > giveUpAtMs) throw thrown
      await sleep(20)
    } finally {
      if (client.isOpen) client.destroy()
    }
  }
}

/** Waits for a condition; fails with `what` after `maxMs`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, maxMs = 5_000): Promise<void> {
  const giveUpAtMs = performance.now() + maxMs
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs) throw new Error(`After ${maxMs} ms still not: ${what}`)
    await sleep(5)
  }
}
