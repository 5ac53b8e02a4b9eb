/** A thread that asks disks, of which one does not answer before a word of the test is set (see `disk.test.ts`). */
import { parentPort, workerData } from 'node:worker_threads'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Request } from './disk-read.ts'
import { answer } from './disk-read.ts'
import { BEATS, WANTED } from './disk-signals.ts'

const POLL_MS = 10
const signals = workerData as Int32Array
const port = parentPort
if (!port) throw new Error('This file runs as a worker thread only.')

const nameOf = (request: Request): string => ('root' in request ? request.root : 'path' in request ? request.path : '')

async function reply(request: Request): Promise<void> {
  const name = nameOf(request)
  // As a call to a dead drive: nothing moves, and no wish to stop is heard.
  while (name.includes('dead') && !existsSync(`${name}/answers`)) await sleep(POLL_MS)
  // As a slow drive: it moves, and hears.
  for (let i = 0; name.includes('slow') && i < 100 && Atomics.load(signals, WANTED) === 1; i++) {
    Atomics.add(signals, BEATS, 1)
    await sleep(POLL_MS)
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
  port?.postMessage({ ok: true, answer: answer(request, () => {}) })
}

Atomics.add(signals, BEATS, 1)
port.on('message', (request: Request) => void reply(request))
