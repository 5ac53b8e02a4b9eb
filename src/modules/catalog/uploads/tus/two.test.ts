import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '#kernel/testing.ts'
import { type Catalog, startCatalog } from '#modules/catalog/testing.ts'
import { begin, patchAt, tus } from '#modules/catalog/uploads/testing.ts'

/** Longer than what has come waits to be put down. */
const SAVED_MS = 700

let one: Catalog
let other: Catalog
let user: Client
before(async () => {
  one = await startCatalog()
  user = await one.app.as('user')
  other = await startCatalog({ keep: { dataDir: one.app.dataDir, databaseUrl: one.app.databaseUrl } })
})
after(async () => {
  await other?.app.stop()
  await one?.app.stop()
})

/** A body that comes piece by piece, when it is told. */
function slowBody() {
  let to: ReadableStreamDefaultController | undefined
  const body = new ReadableStream({ start: (controller) => void (to = controller) })
  return {
    body,
    send: (text: string) => to?.enqueue(Buffer.from(text)),
    end: () => to?.close(),
  }
}

test('two processes write to one upload: what counts is what lies in its file', async () => {
  const whole = 'abcdefghij'
  const id = await begin(one.app.url, user, whole.length)
  const part = join(one.app.dataDir, 'uploads', `${id}.part`)
  const size = (bytes: number) =>
    one.app.eventually(async () => (await stat(part).catch(() => undefined))?.size === bytes, `${bytes} bytes`)
  const [late, fresh] = [slowBody(), slowBody()]
  const first = tus(one.app.url, user, 'PATCH', `/${id}`, { headers: patchAt(0), body: late.body })
  late.send(whole.slice(0, 4))
  await size(4)
  // The client took the line for dead, and came to another process, which begins where it was told.
  const second = tus(other.app.url, user, 'PATCH', `/${id}`, { headers: patchAt(0), body: fresh.body })
  fresh.send(whole.slice(0, 1))
  await size(1)
  await sleep(SAVED_MS)
  late.send(whole.slice(4, 6))
  late.end()
  await first
  fresh.send(whole.slice(1, 3))
  fresh.end()
  await second
  const { headers } = await tus(one.app.url, user, 'HEAD', `/${id}`)
  const offset = Number(headers.get('upload-offset'))
  assert.equal((await readFile(part, 'utf8')).slice(0, offset), whole.slice(0, offset))
  assert.ok(offset >= 3, 'who came last goes on')
})
