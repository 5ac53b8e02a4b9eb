/** Whether the server answers: what calls meet says more than the browser's own word. */
const state = $state({ isOffline: false })
type Back = () => void
const backListeners = new Set<Back>()
const PROBE_EVERY_MS = 10_000
let probe: ReturnType<typeof setInterval> | undefined

export const connection = {
  get isOffline() {
    return state.isOffline
  },
}

/** Called each time the server answers again. Answers how to stop. */
export function onBack(listener: Back): () => void {
  backListeners.add(listener)
  return () => void backListeners.delete(listener)
}

async function ask(): Promise<void> {
  const answer = await fetch('/health/live', { cache: 'no-store' }).catch(() => null)
  if (answer?.ok) isBack()
}

/** No answer came: from now on the server is asked for from time to time, and at once when the browser has a network. */
export function noAnswer(): void {
  if (state.isOffline) return
  state.isOffline = true
  probe = setInterval(() => void ask(), PROBE_EVERY_MS)
}
export function isBack(): void {
  if (!state.isOffline) return
  state.isOffline = false
  clearInterval(probe)
  for (const tell of backListeners) tell()
}

const askNow = (): void => void ask()

/** Follows the browser's network. Answers how to stop. */
export function followNetwork(): () => void {
  if (!navigator.onLine) noAnswer()
  addEventListener('offline', noAnswer)
  addEventListener('online', askNow)
  return () => {
    removeEventListener('offline', noAnswer)
    removeEventListener('online', askNow)
  }
}
