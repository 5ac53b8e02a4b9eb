import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { png, tempFolder, writeLibrary } from '#test/fixtures/audio.ts'
import { loadModules, OFFERS } from '../src/targets.ts'

const PASSWORD = 'correct horse battery'
const offers = OFFERS.filter((o) => ['identity', 'catalog'].includes(o.module))

/** Where nobody listens: the port was free a moment ago. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => void server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  return `http://127.0.0.1:${port}`
}

/** The program in parts: a gateway, one process that knows people, and one that knows songs. */
describe('a person across processes', () => {
  const running: TestApp[] = []
  let whole: TestApp
  let people: TestApp
  let gateway: TestApp
  let user: Client
  let music: Awaited<ReturnType<typeof tempFolder>>
  const start = async (o: Parameters<typeof startTestApp>[0]): Promise<TestApp> => {
    const app = await startTestApp(o)
    running.push(app)
    return app
  }
  before(async () => {
    music = await tempFolder()
    await writeLibrary(music.path, 2)
    const [identity, catalog] = await loadModules(['identity', 'catalog'])
    whole = await startTestApp({ modules: [identity, catalog], config: { musicDirs: [music.path] } })
    const admin = await whole.as('admin')
    user = await whole.as('user')
    await whole.eventually(async () => (await admin.get('/songs')).body.items.length === 2, 'the songs')
    const { pool } = whole.app.ports.db
    await pool.query(
      'update catalog.songs set owner_id = $1, is_public = true where id = (select id from catalog.songs limit 1)',
      [user.userId],
    )
    await whole.app.stop()

    const keep = { dataDir: whole.dataDir, databaseUrl: whole.databaseUrl }
    const part = { offers, gateway: false, services: [] }
    const first = await start({ modules: [identity], keep, options: part })
    const songs = await start({
      modules: [identity, catalog],
      keep,
      options: { ...part, modules: [catalog] as never },
      config: { urls: { identity: first.url } },
    })
    people = await start({ modules: [identity], keep, options: part, config: { urls: { catalog: songs.url } } })
    gateway = await start({
      modules: [identity],
      keep,
      options: { offers, modules: [] },
      config: { urls: { identity: people.url, catalog: songs.url } },
    })
  })
  after(async () => {
    for (const app of running.toReversed()) await app.stop()
    await whole.stop()
    await music.remove()
  })
  const her = (at: TestApp) => clientFor(at.url, user.token, user.userId)

  test('the export and the numbers have what every part knows', async () => {
    for (const at of [people, gateway]) {
      const answer = await her(at).get('/users/me/export')
      assert.equal(answer.status, 200, answer.text)
      const [song] = answer.body.parts.songs.songs
      assert.deepEqual([song.title.startsWith('Track'), song.isPublic, typeof song.createdAt], [true, true, 'string'])
      const { parts } = (await her(at).get('/users/me/stats')).body
      assert.deepEqual([parts.songs.songs, parts.songs.publicSongs, parts.songs.durationMs > 0], [1, 1, true])
    }
  })

  test('a part that does not answer, or that nobody has named, makes the whole export fail and is named', async () => {
    const keep = { dataDir: whole.dataDir, databaseUrl: whole.databaseUrl }
    const options = { offers, gateway: false, services: [] }
    const modules = await loadModules(['identity'])
    const { pool } = people.app.ports.db
    const exports = async () =>
      (await pool.query(`select from identity.audit_log where action = 'account.exported'`)).rows.length
    const before = await exports()
    assert.ok(before > 0)
    for (const urls of [{ catalog: await deadUrl() }, {}]) {
      await using lonely = await startTestApp({ modules, keep, options, duties: ['http'], config: { urls } })
      for (const path of ['/users/me/export', '/users/me/stats']) {
        const answer = await her(lonely).get(path)
        assert.deepEqual([answer.status, answer.body.code], [503, 'service_unavailable'], answer.text)
        // Several parts that are not there know of her; the first that fails is named.
        assert.match(answer.body.detail, /songs|albums|uploads/)
      }
      assert.equal(await exports(), before, 'an export that failed is none')
    }
  })

  test('a picture passes the gateway, as it is or in a form; and its refusal does', async () => {
    const put = async (body: Uint8Array<ArrayBuffer> | FormData) => {
      const headers = { authorization: `Bearer ${user.token}` }
      const answer = await fetch(`${gateway.url}/api/v1/users/me/avatar`, { method: 'PUT', headers, body })
      return [answer.status, ((await answer.json()) as { code?: string; avatarUrl?: string }).code]
    }
    const form = new FormData()
    form.set('avatar', new Blob([Uint8Array.from(png(40, 40))]), 'me.png')
    assert.deepEqual(await put(Uint8Array.from(png(40, 40))), [200, undefined])
    assert.deepEqual(await put(form), [200, undefined])
    assert.deepEqual(await put(new Uint8Array(11 * 1024 ** 2)), [413, 'body_too_large'])
    const { avatarUrl } = (await her(gateway).get('/users/me')).body
    assert.equal((await fetch(gateway.url + avatarUrl)).headers.get('content-type'), 'image/jpeg')
    const stale = await her(gateway).send('PATCH', '/users/me', { displayName: 'x' }, { 'if-match': '"1"' })
    assert.equal(stale.status, 412)
  })

  test('erased in one process, forgotten in the other', async () => {
    const answer = await her(gateway).send('DELETE', '/users/me', { password: PASSWORD })
    assert.equal(answer.status, 204, answer.text)
    for (const at of [gateway, people]) assert.equal((await her(at).get('/users/me')).status, 401)
    await gateway.eventually(async () => {
      const { rows } = await people.app.ports.db.pool.query('select from catalog.songs where owner_id = $1', [
        user.userId,
      ])
      return rows.length === 0
    }, 'her song to be gone')
  })
})
