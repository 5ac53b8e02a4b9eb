import { AppError } from '#kernel/errors.ts'

/** Of one message, as ASCII JSON. A message says that something changed; the thing itself is read where it is kept. */
export const MESSAGE_MAX_BYTES = 1024 * 1024
/** Processes whose place is remembered; the one not heard of for longest is forgotten first. */
const SENDERS_MAX = 1_000

export type Envelope = { sender: string; seq: number; channel: string; payload: unknown }

/** JSON of the payload. `undefined` becomes `null`. Throws 413 over `MESSAGE_MAX_BYTES`, TypeError for what JSON cannot say. */
export function encodePayload(payload: unknown): string {
  const json = asciiOf(JSON.stringify(payload === undefined ? null : payload))
  if (json.length > MESSAGE_MAX_BYTES)
    throw new AppError(
      413,
      'message_too_large',
      `A pubsub message has at most ${MESSAGE_MAX_BYTES} bytes, this one ${json.length}: send an id and let the receiver read the rest.`,
    )
  return json
}

/** Only ASCII leaves, so that one character is one byte in every server encoding and text may be cut anywhere. */
const asciiOf = (json: string) =>
  json.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

export const encodeEnvelope = (sender: string, seq: number, channel: string, payloadJson: string): string =>
  `["${sender}",${seq},${asciiOf(JSON.stringify(channel))},${payloadJson}]`

/** Undefined for a text that is not ours: others may use the same server. */
export function decodeEnvelope(text: string): Envelope | undefined {
  try {
    const parts: unknown = JSON.parse(text)
    if (!Array.isArray(parts) || parts.length !== 4) return undefined
    const [sender, seq, channel, payload]: unknown[] = parts
    if (typeof sender !== 'string' || typeof seq !== 'number' || typeof channel !== 'string') return undefined
    return { sender, seq, channel, payload }
  } catch {
    return undefined
  }
}

/**
 * True the first time an envelope of another process is seen. A batch whose answer was lost is sent again,
 * in the same order, so that a number not above the last one was here already.
 */
export function createFirstSight(self: string): (e: Envelope) => boolean {
  const lastSeq = new Map<string, number>()
  return ({ sender, seq }) => {
    if (sender === self || seq <= (lastSeq.get(sender) ?? 0)) return false
    lastSeq.delete(sender)
    lastSeq.set(sender, seq)
    if (lastSeq.size > SENDERS_MAX) lastSeq.delete(lastSeq.keys().next().value ?? '')
    return true
  }
}
