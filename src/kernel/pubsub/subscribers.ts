import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'

export const SUBSCRIPTIONS_MAX = 100_000
export const CHANNEL_LENGTH_MAX = 200

type Handler = (payload: unknown) => void
export type Subscribers = {
  add(channel: string, handler: Handler): () => void
  /** Every handler of the channel runs before this returns; one that fails is logged and does not stop the others. */
  deliver(channel: string, payload: unknown): void
  clear(): void
}

export function checkChannel(channel: string): void {
  if (channel.length === 0 || channel.length > CHANNEL_LENGTH_MAX)
    throw new RangeError(`A channel's name has 1 to ${CHANNEL_LENGTH_MAX} characters; this one has ${channel.length}.`)
}

export function createSubscribers(log: Log): Subscribers {
  // A subscription is an object of its own, so that the same function may subscribe twice.
  const byChannel = new Map<string, Set<{ handler: Handler }>>()
  let count = 0
  return {
    add(channel, handler) {
      checkChannel(channel)
      if (count >= SUBSCRIPTIONS_MAX) throw new RangeError(`More than ${SUBSCRIPTIONS_MAX} subscriptions: one leaks.`)
      const subscription = { handler }
      const set = byChannel.get(channel) ?? new Set()
      byChannel.set(channel, set.add(subscription))
      count++
      return () => {
        if (!set.delete(subscription)) return
        count--
        if (set.size === 0 && byChannel.get(channel) === set) byChannel.delete(channel)
      }
    },
    deliver(channel, payload) {
      const set = byChannel.get(channel)
      // A copy: who subscribes during the delivery gets the next message, who leaves gets no more.
      for (const subscription of set ? [...set] : [])
        if (set?.has(subscription)) call(subscription.handler, channel, payload, log)
    },
    clear() {
      for (const set of byChannel.values()) set.clear()
      byChannel.clear()
      count = 0
    },
  }
}

function call(handler: Handler, channel: string, payload: unknown, log: Log): void {
  const failed = (thrown: unknown) =>
    log.error({ channel, error: messageOf(thrown) }, 'A handler of a pubsub message failed')
  try {
    // The type says void, but an async function fits it: its failure must not end the process.
    const result: unknown = handler(payload)
    if (result instanceof Promise) result.catch(failed)
  } catch (thrown) {
    failed(thrown)
  }
}
