import type { CDPSession, Page } from 'playwright-core'

type Kept = { copy: { pieces: number } | null; draft: { pieces: number } | null; isStale: boolean }

/** Runs in the page, on the records of what is kept. */
const onRecords = (use: string): string => `(async () => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error))
  })
  const db = await asked(indexedDB.open('tutti-offline'))
  const store = (name) => db.transaction(name, 'readwrite').objectStore(name)
  try { return await (async () => { ${use} })() } finally { db.close() }
})()`

export type Here = { caches: string[]; records: number[] }
/** What this browser holds of anybody: names of caches, and how many records. */
export const keptHere = (page: Page): Promise<Here> =>
  page.evaluate<Here>(
    onRecords(`
      const records = [await asked(store('owner').count()), await asked(store('items').count()), await asked(store('songs').count())]
      return { records, caches: (await caches.keys()).filter((name) => name.startsWith('tutti-kept-')) }`),
  )
export const isNothing = (here: Here): boolean => here.caches.length === 0 && here.records.every((n) => n === 0)

const recordOf = (page: Page, id: string): Promise<Kept | undefined> =>
  page.evaluate<Kept | undefined>(onRecords(`return asked(store('songs').get('${id}'))`))
export const ownerOf = (page: Page): Promise<{ quality: string; makeRoom: boolean }> =>
  page.evaluate<{ quality: string; makeRoom: boolean }>(onRecords(`return asked(store('owner').get('owner'))`))
/** -1: nothing is known of it. */
export async function piecesOf(page: Page, id: string): Promise<number> {
  const record = await recordOf(page, id)
  return record ? (record.draft?.pieces ?? record.copy?.pieces ?? 0) : -1
}
export async function isKeptWhole(page: Page, id: string): Promise<boolean> {
  const record = await recordOf(page, id)
  return record !== undefined && record.copy !== null && record.draft === null && !record.isStale
}
/** A limit smaller than any that the page offers: the songs of these tests are small. */
export const setLimit = (page: Page, limitBytes: number | null): Promise<void> =>
  page.evaluate(
    onRecords(`
      const owner = await asked(store('owner').get('owner'))
      await asked(store('owner').put({ ...owner, limitBytes: ${limitBytes} }, 'owner'))`),
  )

export type Sound = { status: number; isKept: boolean; range: string | null; size: number; digest: string }
/** The audio as the app gets it, and its digest. */
export const soundOf = (page: Page, id: string, headers: Record<string, string> = {}): Promise<Sound> =>
  page.evaluate(
    async ([path, given]) => {
      const answer = await fetch(path, { headers: given })
      const bytes = await answer.arrayBuffer()
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      return {
        status: answer.status,
        isKept: answer.headers.has('tutti-kept'),
        range: answer.headers.get('content-range'),
        size: bytes.byteLength,
        digest: Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join(''),
      }
    },
    [`/api/v1/songs/${id}/stream`, headers] as const,
  )

export async function slowLine(page: Page, bytesPerSec: number): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  const speed = { downloadThroughput: bytesPerSec, uploadThroughput: -1 }
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, ...speed })
  return cdp
}
/** Whether the service worker stands between this page and the server. */
export const isControlled = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>('navigator.serviceWorker.controller !== null')
export const updateWorker = (page: Page): Promise<void> =>
  page.evaluate(
    `navigator.serviceWorker.getRegistration().then((r) => r?.update()).then(() => undefined, () => undefined)`,
  )
