import type { Socket } from 'socket.io'
import type { Config } from '#kernel/config/index.ts'
import { countedAs } from '#kernel/counters/address.ts'
import { addressBehind } from '#kernel/counters/behind.ts'
import type { Counters } from '#kernel/counters/index.ts'
import { tooMany } from '#kernel/errors.ts'

const WINDOW_MS = 60_000

/** Who shakes hands. Rejects with 429 above the limit of requests: tokens are not guessed by sockets either. */
export type Handshakes = { addressOf(socket: Socket): Promise<string> }

export function createHandshakes(
  counters: Counters,
  config: Pick<Config, 'trustProxy' | 'rateLimitPerMin'>,
): Handshakes {
  const behind = addressBehind(config.trustProxy)
  return {
    async addressOf({ handshake }) {
      const passedOn = handshake.headers['x-forwarded-for']
      const address = behind({ address: handshake.address, forwardedFor: [passedOn ?? []].flat().join(',') })
      const limit = { max: config.rateLimitPerMin, windowMs: WINDOW_MS }
      const { isAllowed, resetMs } = await counters.take(`handshakes:${countedAs(address)}`, limit)
      if (!isAllowed) throw tooMany('Too many sockets were opened: wait a minute.', Math.ceil(resetMs / 1000))
      return address
    },
  }
}
