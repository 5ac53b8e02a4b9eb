import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '#kernel/ids.ts'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { png, taggedMp3, tempFolder, writeLibrary } from '#test/fixtures/audio.ts'
import { sendForm } from '#test/fixtures/forms.ts'
import { loadModules, MODULES } from '../src/targets.ts'

export const PASSWORD = 'seven quiet herons'

/** A person of whom every word is found nowhere else. */
export const quirina = {
  username: 'quillfeather',
  email: 'quirina.federkiel@example.org',
  displayName: 'Quirina Federkiel',
  address: '203.0.113.77',
  userAgent: 'HeronPlayer/7.3',
  elsewhere: 'quirina-at-spotify',
  keyName: 'Quirinas turntable',
} as const

export type World = {
  readonly app: TestApp
  readonly admin: Client
  readonly friend: Client
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

/** The whole program, two songs in its library, and behind a proxy so that people have addresses. */
export async function makeWorld(): Promise<World> {
  const music = await tempFolder()
  await writeLibrary(music.path, 2)
  const app = await startTestApp({
    modules: await loadModules(Object.keys(MODULES)),
    config: { musicDirs: [music.path], trustProxy: ['127.0.0.1'] },
  })
  const admin = await app.as('admin')
  const friend = await app.as('user')
  await app.eventually(async () => (await admin.get('/songs')).body.items.length === 2, 'the songs')
  return {
    app,
    admin,
    friend,
    sql: async (text, values = []) => (await app.app.ports.db.pool.query<Record<string, unknown>>(text, values)).rows,
    async stop() {
      await app.stop()
      await music.remove()
    },
  }
}

/** As the proxy passes her requests on. */
const hers = { 'x-forwarded-for': quirina.address, 'user-agent': quirina.userAgent }

/** Registers her and leaves something of her wherever something of a person can be. */
export async function makePerson(w: World): Promise<Client> {
  const { username, email, displayName } = quirina
  const registration = { username, email, displayName, password: PASSWORD }
  const made = await w.app.nobody.send('POST', '/auth/register', registration, hers)
  assert.equal(made.status, 201, made.text)
  const bare = clientFor(w.app.url, String(made.body.accessToken), String(made.body.user.id))
  const send: Client['send'] = (method, path, body, headers) => bare.send(method, path, body, { ...hers, ...headers })
  const her: Client = { ...bare, send, get: (path, headers) => send('GET', path, undefined, headers) }
  const signIn = (password: string) => w.app.nobody.send('POST', '/auth/login', { username, password }, hers)
  assert.equal((await signIn(PASSWORD)).status, 200)
  assert.equal((await signIn('something else')).status, 401)
  await w.app.nobody.send('POST', '/auth/forgot-password', { email }, hers)
  const created = await send('POST', '/auth/api-keys', { name: quirina.keyName, scopes: ['read', 'write'] })
  assert.equal(created.status, 201, created.text)
  for (const [a, b] of [
    [her, w.friend],
    [w.friend, her],
  ] as const)
    assert.ok([200, 404].includes((await a.send('PUT', `/blocks/${b.userId}`)).status))
  await w.sql('insert into identity.blocks (user_id, blocked_id) values ($2, $1) on conflict do nothing', [
    her.userId,
    w.friend.userId,
  ])
  await givePicture(w, her)
  await sendMusic(w, her)
  assert.equal((await w.admin.patch(`/admin/users/${her.userId}/role`, { role: 'artist' })).status, 200)
  assert.equal((await her.get('/users/me/export')).status, 200)
  await insertRest(w, her)
  await makeAlbum(w, her)
  return her
}

async function givePicture(w: World, her: Client): Promise<void> {
  for (const side of [50, 60]) {
    const answer = await fetch(`${w.app.url}/api/v1/users/me/avatar`, {
      method: 'PUT',
      headers: { ...hers, authorization: `Bearer ${her.token}` },
      body: Uint8Array.from(png(side, side)),
    })
    assert.equal(answer.status, 200)
    const { avatarUrl } = (await answer.json()) as { avatarUrl: string }
    assert.equal((await fetch(w.app.url + avatarUrl)).status, 200)
  }
}

/** A file that names her, kept and waiting to become a song, and another that never came to its end. */
async function sendMusic(w: World, her: Client): Promise<void> {
  const { displayName } = quirina
  const bytes = taggedMp3({ TIT2: `${displayName} hums`, TPE1: displayName }, { sec: 1, seed: 7 })
  const fields = { createSong: 'false' }
  const sent = await sendForm(w.app.url, her, '/upload/audio', {
    files: [{ name: 'audio', bytes, fileName: `${displayName}.mp3` }],
    fields,
    headers: hers,
  })
  assert.equal(sent.status, 201, sent.text)
  const status = async () => (await her.get(`/upload/status/${sent.body['id']}`)).body['status']
  await w.app.eventually(async () => (await status()) === 'completed', 'her upload')
  const begun = await fetch(`${w.app.url}/api/v1/upload/files`, {
    method: 'POST',
    headers: {
      ...hers,
      authorization: `Bearer ${her.token}`,
      'tus-resumable': '1.0.0',
      'upload-length': '100',
      'upload-metadata': `filename ${Buffer.from(displayName).toString('base64')}`,
      'content-type': 'application/offset+octet-stream',
    },
    body: displayName,
  })
  assert.equal(begun.status, 201)
}

/** What has no short way through the API. */
async function insertRest(w: World, { userId }: Client): Promise<void> {
  const { email, displayName, elsewhere, address, userAgent } = quirina
  const soon = `now() + interval '1 hour'`
  await w.sql(
    `insert into identity.identities (id, user_id, provider, issuer, subject, email, name, tokens)
     values ($1, $2, 'spotify', 'https://accounts.example', $3, $4, $5, 'sealed')`,
    [newId(), userId, elsewhere, email, displayName],
  )
  await w.sql(
    `insert into identity.flows (state_hash, provider, verifier, nonce, redirect_uri, return_to, user_id, expires_at)
     values ('\\x01', 'spotify', 'sealed', 'n', 'http://127.0.0.1/', $2, $1, ${soon})`,
    [userId, `/users/${userId}`],
  )
  await w.sql(
    `insert into identity.exchange_codes (hash, user_id, method, expires_at) values ('\\x02', $1, 'spotify', ${soon})`,
    [userId],
  )
  await w.sql(
    `insert into identity.mail_tokens (hash, user_id, purpose, email, expires_at) values ('\\x03', $1, 'verify', $2, ${soon})`,
    [userId, email],
  )
  for (const owner of [userId, null])
    await w.sql(
      `insert into identity.letters (id, kind, email, user_id, address, user_agent) values ($1, 'reset', $2, $3, $4, $5)`,
      [newId(), email, owner, address, userAgent],
    )
  await w.sql(`insert into kernel.idempotency (scope, key, request, status, body) values ($1, 'k', 'r', 201, $2)`, [
    `${userId}:createThing`,
    JSON.stringify({ by: displayName }),
  ])
  await w.sql(
    `update catalog.songs set owner_id = $1, title = $2 where id = (select id from catalog.songs order by id limit 1)`,
    [userId, `${displayName} sings`],
  )
  await w.sql('insert into catalog.folder_users (folder_id, user_id) select id, $1 from catalog.folders', [userId])
  await w.sql('insert into catalog.known_artists (owner_id, artist_id) select $1, id from catalog.artists', [userId])
}

/** An album of hers with songs of hers and of the library; an admin hides it, and shows it again. */
async function makeAlbum(w: World, her: Client): Promise<void> {
  const songs = await w.sql('select id from catalog.songs')
  const songIds = songs.map((s) => s['id'])
  const description = `By ${quirina.displayName}`
  const made = await her.send('POST', '/albums', { title: `${quirina.displayName} live`, description, songIds })
  assert.equal(made.status, 201, made.text)
  for (const isVisible of [false, true])
    assert.equal((await w.admin.patch(`/admin/albums/${made.body.id}/visible`, { isVisible })).status, 200)
}

/** Every table of the database but PostgreSQL's own. */
export const tablesOf = async (w: World): Promise<string[]> =>
  (
    await w.sql(`select format('%I.%I', n.nspname, c.relname) as name from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`)
  ).map((r) => String(r['name']))

/** Her words in any spelling that a column may have: as text, and as bytes. */
export function needlesOf(userId: string): string[] {
  const words = [userId, ...Object.values(quirina)]
  const bytes = [...words.map((word) => Buffer.from(word).toString('hex')), userId.replaceAll('-', '')]
  return [...words, ...bytes].map((word) => word.toLowerCase())
}

export type Finding = { readonly where: string; readonly text: string }

/** Every row of every table in which one of the words stands. */
export async function searchTables(w: World, needles: readonly string[]): Promise<Finding[]> {
  const found: Finding[] = []
  for (const table of await tablesOf(w))
    for (const { text } of await w.sql(`select t::text as text from ${table} t`))
      if (needles.some((needle) => String(text).toLowerCase().includes(needle)))
        found.push({ where: table, text: String(text) })
  return found
}

/** Every file of the data folder in whose name or bytes one of the words stands. */
export async function searchFiles(w: World, needles: readonly string[]): Promise<Finding[]> {
  const found: Finding[] = []
  for (const entry of await readdir(w.app.dataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const text = entry.isFile() ? (await readFile(path)).toString('latin1') : ''
    if (needles.some((needle) => `${path}\n${text}`.toLowerCase().includes(needle)))
      found.push({ where: path, text: '' })
  }
  return found
}

/** Until every module has read every event, and every job is done. */
export const settled = (w: World): Promise<unknown> =>
  w.app.eventually(async () => {
    const [row] = await w.sql(`select
        (select count(*)::int from kernel.events e, kernel.event_cursors c where (c.xid, c.id) < (e.xid, e.id)) as unread,
        (select count(*)::int from kernel.jobs where state in ('waiting', 'running')) as jobs`)
    return row?.['unread'] === 0 && row['jobs'] === 0
  }, 'events and jobs to be done')
