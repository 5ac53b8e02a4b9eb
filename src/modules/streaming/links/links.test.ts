import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '#kernel/log.ts'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import { id3Picture, png, taggedMp3 } from '#test/fixtures/audio.ts'
import streaming from '../index.ts'
import { createLinkKeys } from './keys.ts'
import { writeLink } from './token.ts'

/** All that was written to the log since the server began. */
let logged = ''
let t: TestApp
let artist: Client
let admin: Client
let made = 0

before(async () => {
  const log = createLog({ level: 'debug', pretty: false, write: (line) => void (logged += line) })
  t = await startTestApp({
    modules: [identity, catalog, streaming],
    config: { rateLimitPerMin: 1_000_000 },
    options: { log },
  })
  admin = await t.as('admin')
  artist = await t.as('artist')
})
after(() => t?.stop())

const headersOf = (who: Client) => ({ authorization: `Bearer ${who.token}` })
/** A private song with a cover; six seconds, so that nothing is asked of an encoder. */
async function songOf(who: Client, more: Record<string, string> = {}): Promise<string> {
  made += 1
  const form = new FormData()
  const tags = {
    TIT2: `Song ${made}`,
    TPE1: 'Somebody',
    APIC: id3Picture('image/png', png(32, 32, [9, made % 255, 9])),
  }
  form.set('audio', new Blob([Uint8Array.from(taggedMp3(tags, { sec: 3, seed: made }))]), 'song.mp3')
  for (const [name, value] of Object.entries(more)) form.set(name, value)
  const answer = await fetch(`${t.url}/api/v1/songs`, { method: 'POST', headers: headersOf(who), body: form })
  const text = await answer.text()
  assert.equal(answer.status, 201, text)
  return (JSON.parse(text) as { id: string }).id
}
async function person(name: string): Promise<Client> {
  const login = { username: name, password: 'correct horse battery' }
  await t.nobody.post('/auth/register', { ...login, email: `${name}@example.org` })
  return again(name)
}
async function again(name: string): Promise<Client> {
  const { body } = await t.nobody.post('/auth/login', { username: name, password: 'correct horse battery' })
  return clientFor(t.url, String(body.accessToken), String(body.user.id))
}
type Urls = Record<'link' | 'expiresAt' | 'streamUrl' | 'hlsUrl' | 'dashUrl' | 'coverUrl', string>
async function linkTo(id: string, who: Client, input = {}): Promise<Urls> {
  const { status, body, text } = await who.post(`/songs/${id}/links`, input)
  assert.equal(status, 200, text)
  return body as Urls
}
/** As somebody without anything but the address. */
const ask = async (url: string, init: RequestInit = {}): Promise<[number, string | undefined]> => {
  const answer = await fetch(t.url + url, init)
  const text = await answer.text()
  const isProblem = answer.headers.get('content-type')?.includes('problem')
  return [answer.status, isProblem ? (JSON.parse(text) as { code: string }).code : undefined]
}
const OK = [200, undefined]

describe('a signed address', () => {
  let id: string
  let urls: Urls
  beforeEach(async () => {
    id = await songOf(artist)
    urls = await linkTo(id, artist)
  })

  test('plays a private song without any header, in every way there is', async () => {
    for (const url of [urls.streamUrl, urls.hlsUrl, urls.dashUrl, urls.coverUrl]) {
      assert.deepEqual(await ask(url.replace(/[?&]link=.*/, '')), [401, 'unauthorized'], url)
      assert.deepEqual(await ask(url), OK, url)
      assert.deepEqual(await ask(url, { method: 'HEAD' }), OK, url)
    }
  })

  test('passes itself on to everything that a playlist names', async () => {
    const folder = urls.hlsUrl.replace(/master\.m3u8.*/, '')
    const master = await (await fetch(t.url + urls.hlsUrl)).text()
    const tier = master.split('\n').find((line) => line.includes('index.m3u8')) as string
    const media = await (await fetch(`${t.url}${folder}${tier}`)).text()
    const below = `${folder}${tier.split('/')[0]}/`
    const init = /URI="([^"]*)"/.exec(media)?.[1] as string
    const segment = media.split('\n').find((line) => line.includes('.m4s')) as string
    for (const uri of [tier, init, segment]) assert.ok(uri.includes(`link=${urls.link}`), uri)
    assert.deepEqual(await ask(below + init), OK)
    assert.deepEqual(await ask(below + segment), OK)
    assert.deepEqual(await ask(below + segment.replace(/&?link=[^&]*/, '')), [401, 'unauthorized'])
    assert.ok((await (await fetch(t.url + urls.dashUrl)).text()).includes(`link=${urls.link}`))
  })

  test('is of one song, and of what plays it alone', async () => {
    const other = await songOf(artist)
    const linked = `link=${urls.link}`
    assert.deepEqual(await ask(`/api/v1/songs/${other}/stream?${linked}`), [401, 'media_link_invalid'])
    // Everywhere else it is a query like any other.
    for (const path of [
      `songs/${id}`,
      `songs/${id}/lyrics`,
      `songs/${id}/download`,
      `songs/${id}/playback`,
      'users/me',
    ])
      assert.deepEqual(await ask(`/api/v1/${path}?${linked}`), [401, 'unauthorized'], path)
    for (const method of ['DELETE', 'PATCH', 'PUT'])
      assert.deepEqual(await ask(`/api/v1/songs/${id}?${linked}`, { method }), [401, 'unauthorized'], method)
    assert.equal((await ask(urls.streamUrl, { method: 'POST' }))[0], 405)
  })

  test('is refused when anything of it was changed', async () => {
    const flipped = urls.link.at(-2) === 'A' ? 'B' : 'A'
    const tampered = [
      urls.link.slice(0, -2) + flipped + urls.link.slice(-1),
      urls.link.slice(4),
      `${urls.link}AAAA`,
      'x',
    ]
    for (const link of tampered)
      assert.deepEqual(await ask(`/api/v1/songs/${id}/stream?link=${link}`), [401, 'media_link_invalid'], link)
    assert.equal((await ask(`/api/v1/songs/${id}/stream?link=${'A'.repeat(101)}`))[0], 400)
  })

  test('expires', async () => {
    const keys = createLinkKeys({ db: t.app.ports.db.kysely, vault: t.app.ports.vault })
    const at = async (expiresSec: number) => {
      const link = writeLink({ userId: artist.userId, expiresSec }, id, await keys.signing())
      return ask(`/api/v1/songs/${id}/stream?link=${link}`)
    }
    const nowSec = Math.floor(Date.now() / 1000)
    assert.deepEqual(await at(nowSec + 60), OK)
    assert.deepEqual(await at(nowSec - 1), [401, 'media_link_expired'])
    const lifeSec = (Date.parse((await linkTo(id, artist, { lifeSec: 120 })).expiresAt) - Date.now()) / 1000
    assert.ok(lifeSec > 100 && lifeSec <= 120, `${lifeSec}`)
    for (const wrong of [0, 59, 86_401])
      assert.equal((await artist.post(`/songs/${id}/links`, { lifeSec: wrong })).status, 400)
  })

  test('is the same for a while, so that what was kept is found again', async () => {
    assert.equal((await linkTo(id, artist)).link, urls.link)
  })

  test('shows no more than its person may hear, at each use', async () => {
    const listener = await person(`listener${made}`)
    const shared = await songOf(artist, { isPublic: 'true' })
    const { streamUrl } = await linkTo(shared, listener)
    assert.deepEqual(await ask(streamUrl), OK)
    assert.equal((await artist.patch(`/songs/${shared}/visibility`, { isPublic: false })).status, 200)
    assert.deepEqual(await ask(streamUrl), [404, 'not_found'], 'made private')
    assert.deepEqual((await listener.post(`/songs/${shared}/links`, {})).status, 404)
    assert.equal((await t.nobody.post(`/songs/${shared}/links`, {})).status, 401)
    assert.deepEqual(await ask(urls.streamUrl), OK)
    assert.equal((await artist.delete(`/songs/${id}`)).status, 204)
    assert.deepEqual(await ask(urls.streamUrl), [404, 'not_found'], 'deleted')
  })

  test('counts alone: who else is signed in does not', async () => {
    const listener = await person(`beside${made}`)
    assert.deepEqual(await ask(urls.streamUrl, { headers: headersOf(listener) }), OK)
    const wrong = `/api/v1/songs/${id}/stream?link=x`
    assert.deepEqual(await ask(wrong, { headers: headersOf(artist) }), [401, 'media_link_invalid'])
  })

  test('is answered to its person alone: no cache keeps it', async () => {
    assert.equal((await artist.post(`/songs/${id}/links`, {})).headers.get('cache-control'), 'no-store')
    assert.equal((await artist.get(`/songs/${id}/playback?signed=true`)).headers.get('cache-control'), 'no-store')
  })
})

const fresh = async () => {
  const who = await person(`ending${++made}`)
  const { body } = await who.get('/users/me')
  const id = await songOf(who)
  return { who, name: String(body.username), id, urls: await linkTo(id, who) }
}

describe('a signed address ends', () => {
  test('with the session it was made in, and not with another', async () => {
    const { who, name, urls } = await fresh()
    const second = await again(name)
    assert.equal((await second.post('/auth/logout')).status, 204)
    assert.deepEqual(await ask(urls.streamUrl), OK)
    assert.equal((await who.post('/auth/logout')).status, 204)
    assert.deepEqual(await ask(urls.streamUrl), [401, 'media_link_ended'])
  })

  test('with the API key it was made with', async () => {
    const { who, id } = await fresh()
    const key = (await who.post('/auth/api-keys', { name: 'player', scopes: ['read'] })).body
    const { streamUrl } = await linkTo(id, clientFor(t.url, String(key.key), who.userId))
    assert.deepEqual(await ask(streamUrl), OK)
    assert.equal((await who.delete(`/auth/api-keys/${key.id}`)).status, 204)
    assert.deepEqual(await ask(streamUrl), [401, 'media_link_ended'])
  })

  test('when its person is blocked', async () => {
    const { who, urls } = await fresh()
    assert.equal((await admin.patch(`/admin/users/${who.userId}/block`, { isBlocked: true })).status, 200)
    assert.deepEqual(await ask(urls.streamUrl), [401, 'media_link_ended'])
  })

  test('when its person is erased', async () => {
    const { who, urls } = await fresh()
    assert.equal((await admin.delete(`/admin/users/${who.userId}`)).status, 204)
    assert.deepEqual(await ask(urls.streamUrl), [401, 'media_link_ended'])
  })

  test('bytes on their way break off, too', async () => {
    const { who, id } = await fresh()
    // So long that it does not fit into what lies between server and client.
    const bytes = taggedMp3({ TIT2: 'Long' }, { sec: 1200, seed: 5 })
    const form = new FormData()
    form.set('audio', new Blob([Uint8Array.from(bytes)]), 'long.mp3')
    const up = await fetch(`${t.url}/api/v1/songs`, { method: 'POST', headers: headersOf(who), body: form })
    const long = ((await up.json()) as { id: string }).id
    assert.notEqual(long, id)
    const answer = await fetch(t.url + (await linkTo(long, who)).streamUrl)
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    assert.equal((await admin.patch(`/admin/users/${who.userId}/block`, { isBlocked: true })).status, 200)
    await assert.rejects(async () => {
      for (;;) if ((await reader.read()).done) return
    })
  })
})

const keysOf = () => createLinkKeys({ db: t.app.ports.db.kysely, vault: t.app.ports.vault })
const age = (days: number) =>
  t.app.ports.db.pool.query(`update streaming.link_keys set created_at = created_at - $1 * interval '1 day'`, [days])

describe('keys of links', () => {
  test('lie sealed in the database, and every process has them', async () => {
    const id = await songOf(artist)
    const { streamUrl, link } = await linkTo(id, artist)
    const { rows } = await t.app.ports.db.pool.query<{ secret: string }>('select secret from streaming.link_keys')
    assert.equal(rows.length, 1)
    if (t.app.ports.vault.isOpen) assert.match(rows[0]?.secret ?? '', /^sealed:v1:/)
    await using other = await startTestApp({
      modules: [identity, catalog, streaming],
      keep: { dataDir: t.dataDir, databaseUrl: t.databaseUrl },
    })
    assert.equal((await fetch(other.url + streamUrl)).status, 200)
    assert.ok(link)
  })

  test('rotate: a former one is good as long as its links can live, then it goes', async () => {
    const keys = keysOf()
    const former = await keys.signing()
    await keys.rotate(3600)
    assert.equal((await keys.signing()).id, former.id, 'young enough')
    await age(31)
    await keys.rotate(3600)
    const next = await keys.signing()
    assert.notEqual(next.id, former.id)
    assert.ok(await keys.find(former.id))
    await age(1)
    await keys.rotate(3600)
    assert.equal(await keys.find(former.id), undefined)
    assert.equal((await keys.signing()).id, next.id)
    assert.ok(await keysOf().find(next.id), 'as another process sees it')
  })

  test('a key that was made elsewhere a moment ago is found', async () => {
    const [here, there] = [keysOf(), keysOf()]
    await here.signing()
    await age(31)
    await there.rotate(3600)
    const made = await there.signing()
    await sleep(1100)
    assert.equal((await here.find(made.id))?.id, made.id)
    assert.equal(await here.find('00000000'), undefined)
  })
})

test('no log ever has a link, whatever became of it', async () => {
  const id = await songOf(artist)
  const { link, streamUrl } = await linkTo(id, artist)
  await ask(streamUrl)
  await ask(`/api/v1/songs/${id}/hls/nothing/index.m3u8?link=${link}`)
  await ask(`/api/v1/songs/${await songOf(artist)}/stream?link=${link}`)
  assert.ok(logged.includes('a request was refused'), 'nothing was logged: this test would pass on nothing')
  assert.equal(logged.includes(link), false)
  assert.equal(logged.includes(link.slice(-30)), false)
})
