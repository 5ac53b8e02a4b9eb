/** What waits while the connection is away; beyond these bounds the oldest is dropped. */
export const PENDING_MAX = 10_000
export const PENDING_MAX_BYTES = 16 * 1024 * 1024
export const PENDING_MAX_MS = 30_000

export type Message = {
  readonly seq: number
  readonly text: string
  readonly bornMs: number
  readonly done: () => void
}
export type PendingQueue = {
  readonly length: number
  add(message: Message): void
  /** The oldest ones, at most `count`. Invariant: numbers rise along the queue, also after `putBack`. */
  take(count: number): Message[]
  putBack(messages: readonly Message[]): void
  /** Drops what is over the bounds; the number of the last one dropped. */
  dropExcess(nowMs: number): number | undefined
}

export function createPendingQueue(): PendingQueue {
  const queue: Message[] = []
  let bytes = 0
  const sizeOf = (messages: readonly Message[]) => messages.reduce((sum, { text }) => sum + text.length, 0)
  const take = (count: number) => {
    const taken = queue.splice(0, count)
    bytes -= sizeOf(taken)
    return taken
  }
  const isOver = (nowMs: number) =>
    queue.length > PENDING_MAX || bytes > PENDING_MAX_BYTES || nowMs - (queue[0]?.bornMs ?? nowMs) > PENDING_MAX_MS
  return {
    get length() {
      return queue.length
    },
    add(message) {
      queue.push(message)
      bytes += message.text.length
    },
    take,
    putBack(messages) {
      queue.unshift(...messages)
      bytes += sizeOf(messages)
    },
    dropExcess(nowMs) {
      let lastSeq: number | undefined
      while (isOver(nowMs)) {
        const [dropped] = take(1)
        dropped?.done()
        lastSeq = dropped?.seq
      }
      return lastSeq
    },
  }
}
