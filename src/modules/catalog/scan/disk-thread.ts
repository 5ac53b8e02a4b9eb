/** A thread that asks disks and may wait for them as long as it takes. */
import { parentPort, workerData } from 'node:worker_threads'
import { abortError, BEATS, type Reply, WANTED } from './disk-signals.ts'
import { answer, type Request } from './disk-read.ts'

if (!parentPort) throw new Error('This file runs as a worker thread only.')
const port = parentPort
const signals = workerData as Int32Array

function beat(): void {
  Atomics.add(signals, BEATS, 1)
  if (Atomics.load(signals, WANTED) === 0) throw abortError()
}

Atomics.add(signals, BEATS, 1)
port.on('message', (request: Request) => {
  let reply: Reply
  try {
    reply = { ok: true, answer: answer(request, beat) }
  } catch (thrown) {
    reply = { ok: false, message: String(thrown) }
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
  port.postMessage(reply)
})
