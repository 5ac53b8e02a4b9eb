import { isShellCache, SERVER_PATHS, SHELL_PREFIX } from '#lib/offline/names.ts'

/** The build that this worker belongs to: all of its files, and the digest of its page. */
export type Shell = { readonly version: string; readonly files: readonly string[]; readonly pageSha256: string }
/** This one, and the one before, for tabs that were opened with it: their pages fetch parts later. */
const SHELLS_KEPT = 2
const PAGE = '/'

const cacheName = (shell: Shell): string => `${SHELL_PREFIX}${shell.version}`

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function fetchFile(path: string): Promise<Response> {
  // A name with a hash never means something else, so what an earlier version fetched is taken over.
  const known = path.startsWith('/assets/') ? await caches.match(path) : undefined
  const answer = known ?? (await fetch(path, { cache: 'reload', credentials: 'same-origin' }))
  if (!answer.ok || answer.redirected) throw new Error(`${path} did not come: ${answer.status}`)
  return answer
}

/**
 * Takes in all files of the build. INVARIANT: a shell is whole or not there; page and parts are of one build, because
 * the page has to be the very one that this worker was built with.
 */
export async function installShell(shell: Shell): Promise<void> {
  const page = await fetchFile(PAGE)
  if ((await sha256(await page.clone().arrayBuffer())) !== shell.pageSha256)
    throw new Error('the page is of another build than this worker')
  const cache = await caches.open(cacheName(shell))
  await cache.put(PAGE, page)
  await Promise.all(shell.files.map(async (path) => cache.put(path, await fetchFile(path))))
}

/** Removes the shells that no tab can still need. */
export async function dropOldShells(shell: Shell): Promise<void> {
  const names = (await caches.keys()).filter(isShellCache).filter((name) => name !== cacheName(shell))
  await Promise.all(names.slice(0, Math.max(0, names.length - SHELLS_KEPT + 1)).map((name) => caches.delete(name)))
}

/** Whether a request is for the app itself: its page under any of its addresses, or a file of the build. */
export function isOfShell(shell: Shell, request: Request, url: URL): boolean {
  if (request.method !== 'GET') return false
  if (request.mode === 'navigate') return !SERVER_PATHS.test(url.pathname) && !TOP_FILE.test(url.pathname)
  return url.pathname.startsWith('/assets/') || shell.files.includes(url.pathname)
}
const TOP_FILE = /^\/[\w-]+\.[\w.-]+$/

export async function fromShell(shell: Shell, request: Request, url: URL): Promise<Response> {
  const path = request.mode === 'navigate' ? PAGE : url.pathname
  const own = await (await caches.open(cacheName(shell))).match(path)
  return own ?? (path === PAGE ? undefined : await caches.match(path)) ?? fetch(request)
}
