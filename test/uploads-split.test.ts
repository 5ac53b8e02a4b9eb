import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Upload as TusUpload } from 'tus-js-client'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { wavTone } from '#test/fixtures/audio.ts'
import { sendForm } from '#test/fixtures/forms.ts'
import { loadModules, OFFERS } from '../src/targets.ts'

const offers = OFFERS.filter((o) => ['identity', 'catalog'].includes(o.module))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A gateway, and behind it one process that takes the bytes. */
describe('uploads through a gateway', () => {
  const running: TestApp[] = []
  let whole: TestApp
  let gateway: TestApp
  let user: Client
  const start = async (o: Parameters<typeof startTestApp>[0]): Promise<TestApp> => {
    const app = await startTestApp(o)
    running.push(app)
    return app
  }
  before(async () => {
    const [identity, catalog] = await loadModules(['identity', 'catalog'])
    whole = await startTestApp({ modules: [identity, catalog] })
    const known = await whole.as('user')
    await whole.app.stop()
    const keep = { dataDir: whole.dataDir, databaseUrl: whole.databaseUrl }
    const part = { offers, gateway: false, services: [] }
    const people = await start({ modules: [identity], keep, options: part })
    const songs = await start({
      modules: [identity, catalog],
      keep,
      options: { ...part, modules: [catalog] as never },
      config: { urls: { identity: people.url } },
    })
    const urls = { identity: people.url, catalog: songs.url }
    gateway = await start({ modules: [identity], keep, options: { offers, modules: [] }, config: { urls } })
    user = clientFor(gateway.url, known.token, known.userId)
  })
  after(async () => {
    for (const app of running.toReversed()) await app.stop()
    await whole.stop()
  })

  const checksumOf = (id: string) =>
    gateway.eventually(async () => {
      const { body } = await user.get(`/upload/status/${id}`)
      assert.equal(body['error'], null)
      return body['songId'] !== null && String(body['checksum'])
    }, 'the song')

  test('a form arrives as it was sent', async () => {
    const bytes = wavTone({ sec: 2, hz: 300 })
    const sent = await sendForm(gateway.url, user, '/upload/audio', { files: [{ name: 'audio', bytes }] })
    assert.equal(sent.status, 201, sent.text)
    assert.equal(await checksumOf(sent.body['id']), sha256(bytes))
  })

  test('tus does, whole and in pieces, and says the same to OPTIONS', async () => {
    for (const [hz, chunkSize] of [
      [310, Number.POSITIVE_INFINITY],
      [320, 60_000],
    ] as const) {
      const bytes = wavTone({ sec: 2, hz })
      const id = await new Promise<string>((resolve, reject) => {
        const upload: TusUpload = new TusUpload(bytes, {
          endpoint: `${gateway.url}/api/v1/upload/files`,
          headers: { authorization: `Bearer ${user.token}` },
          retryDelays: null,
          chunkSize,
          onError: reject,
          onSuccess: () => resolve(String(upload.url?.split('/').at(-1))),
        })
        upload.start()
      })
      assert.equal(await checksumOf(id), sha256(bytes))
    }
    const { status, headers } = await fetch(`${gateway.url}/api/v1/upload/files`, { method: 'OPTIONS' })
    assert.deepEqual([status, headers.get('tus-version')], [204, '1.0.0'])
  })
})
