import { checkChannel } from './subscribers.ts'

/**
 * What happens to the connection itself, as payload:
 * `down`: from now on messages of other processes are missed; `up`: they come again, those between are gone;
 * `lost`: another process could not send some of its own. Who keeps copies of what others own drops them at each.
 */
export const LINK_CHANNEL = 'kernel.pubsub.link'
export type LinkState = 'up' | 'down' | 'lost'

export function checkPublish(channel: string): void {
  checkChannel(channel)
  if (channel === LINK_CHANNEL) throw new RangeError(`The channel ${LINK_CHANNEL} belongs to the pubsub itself.`)
}
