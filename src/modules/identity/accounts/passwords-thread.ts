/** A thread that does nothing but derive keys from passwords: slow on purpose, and nobody else waits for it. */
import { argon2Sync } from 'node:crypto'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { type Derivation, NICE } from './passwords-cost.ts'

if (!parentPort) throw new Error('This file runs as a worker thread only.')
const port = parentPort

/** On Linux priority belongs to the calling thread; elsewhere it would slow the whole server. */
if (process.platform === 'linux') setPriority(0, NICE)

port.on('message', ({ message, ...cost }: Derivation) => {
  port.postMessage(argon2Sync('argon2id', { message, ...cost }))
})
