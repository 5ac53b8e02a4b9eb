/** How fetching a song ended, otherwise than whole. */
export class KeepFault extends Error {
  /**
   * `gone`: the song is no more, or not for this person. `full`: no room on the disk. `refused`: it cannot be had in
   * this quality. `later`: worth another try after `waitMs`. `cut`: no answer, or one that broke off.
   */
  readonly kind: 'gone' | 'full' | 'refused' | 'later' | 'cut'
  readonly waitMs: number

  constructor(kind: KeepFault['kind'], sentence: string, waitMs = 0) {
    super(sentence)
    this.name = 'KeepFault'
    this.kind = kind
    this.waitMs = waitMs
  }
}

const WAIT_MS_DEFAULT = 5000
const WAIT_MS_MAX = 60_000

/** What an answer that refuses means for keeping. */
export async function faultOf(answer: Response): Promise<KeepFault> {
  const body = (await answer.json().catch(() => ({}))) as { detail?: string }
  const sentence = body.detail ?? `The server answered ${answer.status}.`
  if (answer.status === 404 || answer.status === 410) return new KeepFault('gone', sentence)
  if (answer.status === 429 || answer.status >= 500) {
    const askedMs = Number(answer.headers.get('retry-after')) * 1000 || WAIT_MS_DEFAULT
    return new KeepFault('later', sentence, Math.min(askedMs, WAIT_MS_MAX))
  }
  return new KeepFault('refused', sentence)
}

/** What the browser throws when the disk, or what it gives to one site, is full. */
export const isFull = (thrown: unknown): boolean =>
  thrown instanceof DOMException && thrown.name === 'QuotaExceededError'
