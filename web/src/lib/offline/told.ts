import { CHANNEL, type Told } from './names.ts'

type Listener = (told: Told) => void
const listeners = new Set<Listener>()
let channel: BroadcastChannel | undefined

function open(): BroadcastChannel | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined
  if (!channel) {
    channel = new BroadcastChannel(CHANNEL)
    channel.addEventListener('message', ({ data }: MessageEvent<Told>) => listeners.forEach((tell) => tell(data)))
  }
  return channel
}

/** Tells all tabs, this one among them, and the worker. */
export function tellAll(told: Told): void {
  open()?.postMessage(told)
  for (const listener of listeners) listener(told)
}
/** Answers how to stop. */
export function onTold(listener: Listener): () => void {
  open()
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
