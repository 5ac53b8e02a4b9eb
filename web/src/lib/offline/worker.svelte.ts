import { WORKER_URL } from './names.ts'

/** The service worker as the page sees it: whether a new version of the app waits to be used. */
const state = $state({ isNewer: false })
let waiting: ServiceWorker | null = null

export const version = {
  get isNewer() {
    return state.isNewer
  },
}

/** Browsers look by themselves at most once a day while a page stays open. */
const LOOK_EVERY_MS = 3_600_000

function foundWaiting(worker: ServiceWorker | null): void {
  // Without a controller this is the first version: there is nothing that it replaces.
  if (!worker || !navigator.serviceWorker.controller) return
  waiting = worker
  state.isNewer = true
}

function followRegistration(registration: ServiceWorkerRegistration): void {
  foundWaiting(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const coming = registration.installing
    coming?.addEventListener('statechange', () => {
      if (coming.state === 'installed') foundWaiting(coming)
    })
  })
  const look = () => void registration.update().catch(() => undefined)
  setInterval(look, LOOK_EVERY_MS)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look())
}

let wantsReload = false
/** Uses the new version: this tab is loaded again, others are told that they may be. */
export function useNewVersion(): void {
  wantsReload = true
  if (waiting?.state === 'installed') waiting.postMessage('activate', { transfer: [] })
  else location.reload()
}

let isStarted = false
/** Registers the worker, once. Does nothing in pages without TLS and while developing. */
export function startWorker(): void {
  if (isStarted || !import.meta.env.PROD || !('serviceWorker' in navigator)) return
  isStarted = true
  const hadController = navigator.serviceWorker.controller !== null
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (wantsReload) location.reload()
    // Another tab has asked for the new version; this one goes on with its own parts until it is asked here.
    else if (hadController) state.isNewer = true
  })
  navigator.serviceWorker.register(WORKER_URL, { updateViaCache: 'none' }).then(followRegistration, () => undefined)
}
