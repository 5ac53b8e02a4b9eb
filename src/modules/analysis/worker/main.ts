/** The worker thread: one file at a time, told by messages. It knows no database and no network. */
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { AppError, messageOf } from '#kernel/errors.ts'
import { analyzeFile } from './analyze.ts'
import { type FromWorker, NICE, type Task, type ToWorker } from './protocol.ts'

if (!parentPort) throw new Error('This file runs as a worker thread only.')
const port = parentPort
let abort: AbortController | undefined

/** On Linux priority belongs to the calling thread; elsewhere it would slow the whole server. */
if (process.platform === 'linux') setPriority(0, NICE)

const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

const failure = (thrown: unknown): FromWorker =>
  thrown instanceof AppError
    ? { kind: 'failed', status: thrown.status, code: thrown.code, detail: thrown.message }
    : { kind: 'failed', status: 500, code: 'analysis_failed', detail: messageOf(thrown) }

async function work(task: Task): Promise<void> {
  abort = new AbortController()
  try {
    const onProgress = (done: number) => send({ kind: 'progress', done })
    const analysis = await analyzeFile(task, { signal: abort.signal, onProgress })
    send({ kind: 'done', analysis }, [analysis.frames.buffer as ArrayBuffer])
  } catch (thrown) {
    send(failure(thrown))
  } finally {
    abort = undefined
  }
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'abort') abort?.abort(new Error('aborted'))
  else void work(message.task)
})
