import { randomBytes } from 'node:crypto'
import type { Log } from '#kernel/log.ts'
import { checkPublish, LINK_CHANNEL, type LinkState } from './channels.ts'
import { createFirstSight, decodeEnvelope, encodeEnvelope, encodePayload } from './envelope.ts'
import type { PubSub } from './index.ts'
import { createOutgoing } from './outgoing.ts'
import { settleWithin } from './settle.ts'
import { createSubscribers } from './subscribers.ts'

/** Start-up goes on after this, connected or not; the connection is tried for as long as the process lives. */
const FIRST_LINK_WAIT_MAX_MS = 2_000

/** A way to every process that uses the same server, this one included. */
export type Transport = {
  /** ASCII texts, delivered to all in this order. Rejects when it cannot say that all of them left. */
  send(texts: readonly string[]): Promise<void>
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}
export type TransportHooks = {
  readonly text: (text: string) => void
  /** `up` and `down` by turns, `up` first. */
  readonly link: (state: 'up' | 'down') => void
  log: Log
}

/** A `PubSub` on a transport: own messages are handled at once and only once, those of others as they come. */
export async function createRemotePubSub(connect: (hooks: TransportHooks) => Transport, log: Log): Promise<PubSub> {
  const self = randomBytes(9).toString('base64url')
  const subscribers = createSubscribers(log)
  const isNew = createFirstSight(self)
  const firstLink = settleWithin(FIRST_LINK_WAIT_MAX_MS)
  let seq = 0

  const outgoing = createOutgoing({
    send: (texts) => transport.send(texts),
    lossNotice: (lastSeq) => encodeEnvelope(self, lastSeq, LINK_CHANNEL, '"lost"'),
    log,
  })
  const transport = connect({
    log,
    text(text) {
      const envelope = decodeEnvelope(text)
      if (envelope && isNew(envelope)) subscribers.deliver(envelope.channel, envelope.payload)
    },
    link(state: LinkState) {
      if (state === 'up') outgoing.open()
      else outgoing.shut()
      firstLink.done()
      subscribers.deliver(LINK_CHANNEL, state)
    },
  })
  await firstLink.promise
  return {
    async publish(channel, payload) {
      checkPublish(channel)
      const json = encodePayload(payload)
      subscribers.deliver(channel, JSON.parse(json))
      seq++
      await outgoing.push(seq, encodeEnvelope(self, seq, channel, json))
    },
    subscribe: (channel, handler) => subscribers.add(channel, handler),
    check: () => transport.check(),
    async close() {
      subscribers.clear()
      await outgoing.close()
      await transport.close()
    },
  }
}
