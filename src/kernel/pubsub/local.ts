import type { Log } from '#kernel/log.ts'
import { checkPublish } from './channels.ts'
import { encodePayload } from './envelope.ts'
import type { PubSub } from './index.ts'
import { createSubscribers } from './subscribers.ts'

/** Within this process only. Payloads still pass through JSON, so that every adapter hands over the same. */
export function createLocalPubSub(log: Log): PubSub {
  const subscribers = createSubscribers(log)
  let closed = false
  return {
    async publish(channel, payload) {
      checkPublish(channel)
      const json = encodePayload(payload)
      if (!closed) subscribers.deliver(channel, JSON.parse(json))
    },
    subscribe: (channel, handler) => subscribers.add(channel, handler),
    check: async () => ({ ok: true }),
    async close() {
      closed = true
      subscribers.clear()
    },
  }
}
