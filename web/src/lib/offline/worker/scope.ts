/** What a service worker has and a page has not; the page's types lack it. */
export type Extendable = Event & { waitUntil(work: Promise<unknown>): void }
export type Fetching = Extendable & { readonly request: Request; respondWith(answer: Promise<Response>): void }
export type Messaged = Extendable & { readonly data: unknown }
export type WorkerScope = {
  addEventListener(name: 'install' | 'activate', on: (event: Extendable) => void): void
  addEventListener(name: 'fetch', on: (event: Fetching) => void): void
  addEventListener(name: 'message', on: (event: Messaged) => void): void
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  readonly location: Location
}
