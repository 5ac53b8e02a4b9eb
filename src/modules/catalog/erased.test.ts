import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { begin } from '#modules/catalog/uploads/testing.ts'
import { type Catalog, mp3, startCatalog } from './testing.ts'

let c: Catalog
before(async () => {
  c = await startCatalog()
})
after(() => c.app.stop())

const sql = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  (await c.app.app.ports.db.pool.query<Record<string, unknown>>(text, values)).rows
const owned = async (userId: string): Promise<unknown> =>
  (
    await sql(
      `select (select count(*)::int from catalog.songs where owner_id = $1)
        + (select count(*)::int from catalog.albums where owner_id = $1)
        + (select count(*)::int from catalog.uploads where owner_id = $1) as n`,
      [userId],
    )
  )[0]?.['n']
const erase = async (who: Client): Promise<void> => {
  const before = (await sql('select from catalog.erased_owners')).length
  assert.equal((await c.admin.delete(`/admin/users/${who.userId}`)).status, 204)
  await c.app.eventually(
    async () => (await sql('select from catalog.erased_owners')).length > before,
    'the catalogue to hear of it',
  )
}

/** A form whose second half comes when `between` has resolved. */
async function sendSlowly(who: Client, path: string, parts: readonly Uint8Array[], between: () => Promise<void>) {
  const body = new ReadableStream({
    async start(to) {
      to.enqueue(parts[0])
      // The request is let in before the rest comes.
      await between()
      to.enqueue(parts[1])
      to.close()
    },
  })
  const headers = { authorization: `Bearer ${who.token}`, 'content-type': 'multipart/form-data; boundary=x' }
  const answer = await fetch(`${c.app.url}/api/v1${path}`, { method: 'POST', headers, body, duplex: 'half' })
  return { status: answer.status, body: (await answer.json()) as { code?: string } }
}

test('what a person was sending while they were erased is not taken', async () => {
  const her = await c.app.as('artist')
  const bytes = mp3({ title: 'Late' })
  const head = Buffer.from('--x\r\nContent-Disposition: form-data; name="audio"; filename="late.mp3"\r\n\r\n')
  const album = Buffer.from('--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nLate')
  const gone = Promise.withResolvers<void>()
  const sent = [
    sendSlowly(her, '/upload/audio', [head, Buffer.concat([bytes, Buffer.from('\r\n--x--\r\n')])], () => gone.promise),
    sendSlowly(her, '/songs', [head, Buffer.concat([bytes, Buffer.from('\r\n--x--\r\n')])], () => gone.promise),
    sendSlowly(her, '/albums', [album, Buffer.from('\r\n--x--\r\n')], () => gone.promise),
  ]
  // They have passed the gate once another request of the same person, sent later, has.
  for (let i = 0; i < 5; i++) assert.equal((await her.get('/upload/quota')).status, 200)
  await erase(her)
  gone.resolve()
  assert.deepEqual(
    (await Promise.all(sent)).map((a) => [a.status, a.body.code]),
    Array.from({ length: 3 }, () => [401, 'token_invalid']),
  )
  assert.equal(await owned(her.userId), 0)
})

test('what was written all the same is found and removed; nobody is named by what is kept of them for that', async () => {
  const her = await c.app.as('user')
  const id = await begin(c.app.url, her, 10)
  await erase(her)
  await c.app.eventually(async () => (await owned(her.userId)) === 0, 'everything to go')
  await sql(`insert into catalog.uploads (id, owner_id, kind, state) values ($1, $2, 'audio', 'pending')`, [
    randomUUID(),
    her.userId,
  ])
  const [row] = await sql('select string_agg(e::text, $1) as text from catalog.erased_owners e', [' '])
  assert.ok(!String(row?.['text']).includes(her.userId), id)
  await sql(`insert into catalog.erased_owners (digest, erased_at)
    values (sha256('long ago'), now() - interval '25 hours')`)
  const { dataDir, databaseUrl } = c.app
  const again = await startCatalog({ keep: { dataDir, databaseUrl } })
  try {
    await c.app.eventually(async () => (await owned(her.userId)) === 0, 'the late row to go')
    assert.equal((await sql(`select from catalog.erased_owners where digest = sha256('long ago')`)).length, 0)
  } finally {
    await again.app.stop()
  }
})
