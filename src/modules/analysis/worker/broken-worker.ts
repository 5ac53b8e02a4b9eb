/** For tests: a worker that breaks in the way the name of its file asks for. */
import { parentPort } from 'node:worker_threads'
import type { ToWorker } from './protocol.ts'

const BREAK: Record<string, () => void> = {
  throw: () => {
    throw new Error('broken')
  },
  exit: () => process.exit(3),
  memory: () => {
    const held: object[] = []
    for (;;) held.push(Array.from({ length: 1000 }, (_, i) => ({ i })))
  },
  // Deaf: it hears no abort.
  hang: () => {
    for (;;);
  },
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'analyze') BREAK[Buffer.from(message.task.path).toString()]?.()
})
