import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { createPendingQueue, type Message } from './pending.ts'
import { seldomWarn } from './seldom.ts'
import { settleWithin } from './settle.ts'

/** `publish` waits no longer than this; the message stays in the queue. */
export const PUBLISH_WAIT_MAX_MS = 1_000
/** What waits at `close` has this long to leave. */
const CLOSE_WAIT_MAX_MS = 1_000
const BATCH_MAX = 100
const RETRY_MS = 250

export type Outgoing = {
  /** Resolves when the message left, was dropped, or `PUBLISH_WAIT_MAX_MS` passed. `seq` rises by call. */
  push(seq: number, text: string): Promise<void>
  /** The connection is there. */
  open(): void
  /** The connection is away. */
  shut(): void
  close(): Promise<void>
}

/**
 * A bounded queue before a connection that comes and goes. Order is kept; a batch that failed is sent again whole.
 * `lossNotice` makes the message that tells receivers of a loss, under the number of the last message dropped:
 * so numbers rise along the wire, and a receiver that got the dropped one after all (the answer was lost) ignores it.
 */
export function createOutgoing(o: {
  send: (texts: readonly string[]) => Promise<void>
  lossNotice: (seq: number) => string
  log: Log
}): Outgoing {
  const warn = seldomWarn(o.log)
  const queue = createPendingQueue()
  let isOpen = false
  let lostSeq: number | undefined
  let running: Promise<void> | undefined

  const dropExcess = () => {
    const seq = queue.dropExcess(performance.now())
    if (seq === undefined) return
    lostSeq = seq
    warn({ waiting: queue.length }, 'Pubsub messages were dropped: the connection was away for too long')
  }
  const takeBatch = (): Message[] => {
    dropExcess()
    const notice = lostSeq === undefined ? [] : [messageOfLoss(lostSeq, o.lossNotice)]
    lostSeq = undefined
    return [...notice, ...queue.take(BATCH_MAX)]
  }
  const sendOne = async () => {
    const batch = takeBatch()
    try {
      await o.send(batch.map(({ text }) => text))
      for (const { done } of batch) done()
    } catch (thrown) {
      queue.putBack(batch)
      warn({ error: messageOf(thrown) }, 'Pubsub messages could not be sent; they are tried again')
      await sleep(RETRY_MS, undefined, { ref: false })
    }
  }
  const hasWork = () => isOpen && (queue.length > 0 || lostSeq !== undefined)
  const drain = async () => {
    while (hasWork()) await sendOne()
    // In the same turn as the look above: a message after it starts a new drain.
    running = undefined
  }
  const pump = () => {
    if (running === undefined && hasWork()) running = drain()
  }
  return {
    push(seq, text) {
      const { promise, done } = settleWithin(PUBLISH_WAIT_MAX_MS)
      queue.add({ seq, text, bornMs: performance.now(), done })
      dropExcess()
      pump()
      return promise
    },
    open() {
      isOpen = true
      pump()
    },
    shut() {
      isOpen = false
    },
    async close() {
      await Promise.race([running, sleep(CLOSE_WAIT_MAX_MS, undefined, { ref: false })])
      isOpen = false
      for (const { done } of queue.take(queue.length)) done()
    },
  }
}

const messageOfLoss = (seq: number, lossNotice: (seq: number) => string): Message => ({
  seq,
  text: lossNotice(seq),
  bornMs: performance.now(),
  done() {},
})
