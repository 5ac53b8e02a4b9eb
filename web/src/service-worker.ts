import { isBatch, batchAnswer, thingAnswer } from '#lib/offline/worker/answers.ts'
import { followIndex, mayHave, mayHaveAny } from '#lib/offline/worker/index.ts'
import type { Fetching, WorkerScope } from '#lib/offline/worker/scope.ts'
import { dropOldShells, fromShell, installShell, isOfShell, type Shell } from '#lib/offline/worker/shell.ts'
import { soundAnswer } from '#lib/offline/worker/sound.ts'
import { KEEPER_HEADER, thingAt } from '#lib/offline/names.ts'

/** Put in by the build (`vite.config.ts`). */
declare const TUTTI_SHELL: Shell
const shell = TUTTI_SHELL
const scope = globalThis as unknown as WorkerScope

scope.addEventListener('install', (event) => event.waitUntil(installShell(shell)))
scope.addEventListener('activate', (event) => event.waitUntil(dropOldShells(shell).then(() => scope.clients.claim())))
/** A new version waits until a person asks for it, or until no tab of the old one is open. */
scope.addEventListener('message', (event) => {
  if (event.data === 'activate') event.waitUntil(scope.skipWaiting())
})

/** Undefined: none of ours, the browser goes its own way. */
function answerFor({ request }: Fetching): Promise<Response> | undefined {
  const url = new URL(request.url)
  if (url.origin !== scope.location.origin || request.headers.has(KEEPER_HEADER)) return undefined
  if (isOfShell(shell, request, url)) return fromShell(shell, request, url)
  if (isBatch(request, url)) return mayHaveAny() ? batchAnswer(request) : undefined
  const thing = request.method === 'GET' ? thingAt(url.pathname) : null
  if (!thing || !mayHave(thing)) return undefined
  return thing.part === 'stream' ? soundAnswer(request, thing.id, url) : thingAnswer(request, thing)
}
scope.addEventListener('fetch', (event) => {
  const answer = answerFor(event)
  if (answer) event.respondWith(answer)
})
followIndex()
