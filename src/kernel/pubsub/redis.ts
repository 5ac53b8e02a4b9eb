import { messageOf } from '#kernel/errors.ts'
import { openRedis, within } from './redis-client.ts'
import type { Transport, TransportHooks } from './remote.ts'

const SEND_TIMEOUT_MS = 5_000

/** One connection that publishes and subscribes (RESP3: Redis 6, Valkey). Databases of one server stay apart. */
export const redisTransport =
  (redisUrl: string) =>
  (hooks: TransportHooks): Transport => {
    let isSubscribed = false
    const link = openRedis({
      url: redisUrl,
      name: 'tutti-pubsub',
      log: hooks.log,
      ready: () => void subscribe(),
      away: () => {
        hooks.link('down')
      },
    })
    // Redis' channels know no databases.
    const channel = `tutti:${link.client.options.database ?? 0}:pubsub`
    const subscribe = async () => {
      try {
        // After the first time the client subscribes again by itself, before it says that it is ready.
        if (!isSubscribed) await link.client.subscribe(channel, hooks.text)
        isSubscribed = true
        if (link.isReady()) hooks.link('up')
      } catch (thrown) {
        hooks.log.warn({ error: messageOf(thrown) }, 'Redis refused to subscribe')
      }
    }
    return {
      async send(texts) {
        const sent = Promise.all(texts.map((text) => link.client.publish(channel, text)))
        await within(sent, SEND_TIMEOUT_MS)
      },
      check: () => link.check(),
      close: () => link.close(),
    }
  }
