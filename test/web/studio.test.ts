/** The studio: songs, albums and lyrics of one's own, written in a real browser on the real product. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { type Hooked, until } from './page.ts'
import { call, looksRight, makeAccount, MANY_SIGN_INS, signIn, toast, unexpected } from './people.ts'
import { musicPath, skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const ADA = { username: 'ada', password: PASSWORD }
const EVE = { username: 'eve', password: 'four candles on the water' }
const FILES = ['victory.ogg', 'defeat.ogg', 'silence.ogg']
type Thing = { id: string; title: string; revision: number; isPublic: boolean; [name: string]: unknown }

const picture = (color: string) =>
  sharp({ create: { width: 640, height: 640, channels: 3, background: color } })
    .png()
    .toBuffer()

void describe('web app: studio', { skip, timeout: 300_000 }, () => {
  let visit: Visit
  let ada = ''
  let eve = ''
  let songs: Thing[] = []
  before(async () => {
    visit = await startVisit('', MANY_SIGN_INS)
    const { base, page } = visit
    ada = await makeAccount(base, ADA)
    eve = await makeAccount(base, EVE)
    const { body } = await call(base, { path: '/auth/me', token: eve })
    await call(base, {
      method: 'PATCH',
      path: `/admin/users/${String(body['id'])}/role`,
      token: ada,
      body: { role: 'artist' },
    })
    eve = String((await call(base, { path: '/auth/login', body: EVE })).body['accessToken'])
    songs = await Promise.all(FILES.map(upload))
    await signIn(page, base, EVE)
    page.on('dialog', (dialog) => void dialog.accept())
  })
  after(() => visit?.stop())

  async function upload(name: string): Promise<Thing> {
    const form = new FormData()
    form.append('audio', new Blob([await readFile(join(musicPath() ?? '', name))], { type: 'audio/ogg' }), name)
    const headers = { authorization: `Bearer ${eve}` }
    const response = await fetch(`${visit.base}/api/v1/songs`, { method: 'POST', headers, body: form })
    const song = (await response.json()) as Thing
    assert.equal(response.status, 201, JSON.stringify(song))
    return song
  }
  const read = async (path: string, token = eve) => call(visit.base, token ? { path, token } : { path })
  const publicSongs = async () => (await read('/songs', '')).body['items'] as unknown[]
  const songOf = async (id: string) => (await read(`/songs/${id}`)).body as Thing
  const idOf = (at: number) => songs[at]?.id ?? ''
  const rows = () => visit.page.getByRole('list', { name: 'My songs' }).getByRole('listitem')
  const save = () => visit.page.getByRole('button', { name: /^(Save|Make the album|Save the words)$/ }).click()

  /** A picture, and no serious fault of accessibility. */
  async function glance(name: string): Promise<void> {
    await visit.shot(name)
    assert.deepEqual(await visit.seriousFaults(name), [])
  }

  void it('lists my songs, and filters them', async () => {
    const { page } = visit
    await page.goto(visit.base)
    await page.getByRole('link', { name: 'Studio' }).click()
    await until(
      'all of them',
      () => rows().count(),
      (n) => n === FILES.length,
    )
    await glance('60-studio-songs')
    await page.getByLabel('Search my songs').fill('defeat')
    await until(
      'one',
      () => rows().count(),
      (n) => n === 1,
    )
    await page.getByLabel('Search my songs').fill('')
    await page.getByLabel('Which songs').selectOption('public')
    await page.getByRole('heading', { name: 'Nothing like that' }).waitFor()
    await page.getByLabel('Which songs').selectOption('')
  })

  void it('edits a song, its cover and its people, and publishes it: anyone hears of it', async () => {
    const { page, base } = visit
    await page.goto(`${base}/studio/songs/${idOf(0)}`)
    await page.getByLabel('Title').fill('Harbour Lights')
    await page.getByLabel('Year').fill('2026')
    await page.getByRole('button', { name: 'Take Romantic Classical away' }).click()
    await page.getByRole('combobox', { name: 'Genres' }).fill('Folk, Ambient')
    await page.getByRole('combobox', { name: 'Genres' }).press('Enter')
    await page.getByRole('textbox', { name: 'Tags' }).fill('demo')
    await page.getByRole('textbox', { name: 'Tags' }).press('Enter')
    await page.getByRole('button', { name: 'Add a person' }).click()
    await page.getByLabel('Name 2').fill('Noor Haddad')
    await page.getByLabel('Role of Noor Haddad').selectOption('lyricist')
    await page
      .locator('[data-pick=cover]')
      .setInputFiles({ name: 'c.png', mimeType: 'image/png', buffer: await picture('#2f6f8f') })
    await page.getByRole('img', { name: 'The new cover' }).waitFor()
    await page.getByRole('switch', { name: /^Public/ }).check({ force: true })
    await looksRight(visit, '61-studio-song')
    assert.equal((await read(`/songs/${idOf(0)}`, '')).status, 401)
    await save()
    await toast(page, 'Saved.').waitFor()
    const { status, body } = await read(`/songs/${idOf(0)}`, '')
    assert.equal(status, 200)
    const song = body as Thing
    assert.deepEqual([song.title, song['year'], song.isPublic], ['Harbour Lights', 2026, true])
    assert.deepEqual(song['genres'], ['Folk', 'Ambient'])
    const people = song['artists'] as { name: string; role: string }[]
    assert.ok(
      people.some((p) => p.name === 'Noor Haddad' && p.role === 'lyricist'),
      JSON.stringify(people),
    )
    assert.equal((await fetch(base + String(song['coverUrl']))).status, 200)
  })

  void it('tells when somebody else has changed the song meanwhile, and loses neither', async () => {
    const { page, base } = visit
    await call(base, { method: 'PATCH', path: `/songs/${idOf(0)}`, token: eve, body: { year: 1999 } })
    await page.getByLabel('Title').fill('Harbour Nights')
    await save()
    await page.getByText('This song was changed elsewhere meanwhile.').waitFor()
    await page.getByRole('button', { name: 'Keep mine' }).click()
    await until(
      'both',
      () => songOf(idOf(0)),
      (s) => s.title === 'Harbour Nights' && s['year'] === 1999,
    )
  })

  void it('asks before what is not saved is left', async () => {
    const { page } = visit
    await page.getByLabel('Title').fill('Never Kept')
    await page.getByRole('link', { name: 'My songs' }).click()
    await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor()
    await page.getByRole('button', { name: 'Stay' }).click()
    assert.equal(await page.getByLabel('Title').inputValue(), 'Never Kept')
    await page.getByRole('link', { name: 'My songs' }).click()
    await page.getByRole('button', { name: 'Leave' }).click()
    await until(
      'the list',
      () => rows().count(),
      (n) => n === FILES.length,
    )
    assert.equal((await songOf(idOf(0))).title, 'Harbour Nights')
  })

  void it('publishes several at once, and takes them back', async () => {
    const { page } = visit
    await page.getByLabel('Choose all').check()
    await page.getByRole('button', { name: 'Publish' }).click()
    await until('all are public', publicSongs, (all) => all.length === FILES.length)
    await rows().first().getByText('public').waitFor()
    await page.getByLabel('Choose Harbour Nights').check()
    await page.getByRole('button', { name: 'Make private' }).click()
    await until('one is private again', publicSongs, (all) => all.length === FILES.length - 1)
  })

  void it('makes an album, puts its songs into order by keyboard and by mouse, and publishes it', async () => {
    const { page, base } = visit
    await page.goto(`${base}/studio/albums`)
    await page.getByRole('link', { name: 'New album' }).first().click()
    await page.getByLabel('Title').fill('Tide Tables')
    await page.getByLabel('Kind').selectOption('ep')
    await page.getByLabel('Year').fill('2026')
    await page.getByRole('button', { name: 'Add songs' }).click()
    const adds = page.getByRole('dialog').getByRole('button', { name: /^Add / })
    await until(
      'songs to add',
      () => adds.count(),
      (n) => n === FILES.length,
    )
    for (let left = FILES.length; left > 0; left--) {
      await page.getByRole('dialog').locator('button:enabled', { hasText: 'Add' }).first().click()
      await until(
        'it is on the album',
        () => page.getByRole('dialog').locator('button:enabled', { hasText: 'Add' }).count(),
        (n) => n === left - 1,
      )
    }
    await page.getByRole('button', { name: 'Close' }).click()
    const order = page.getByRole('list', { name: 'Songs of the album' })
    const titles = () => order.locator('.name').allInnerTexts()
    const first = await titles()
    await page.getByRole('button', { name: `Move ${first[0]}: arrow up or down` }).press('ArrowDown')
    await until('moved by key', titles, (now) => now[1] === first[0])
    await order.locator('.row').nth(2).dragTo(order.locator('.row').nth(0))
    await until('moved by mouse', titles, (now) => now[0] === first[2])
    const wanted = await titles()
    await page.getByRole('switch', { name: /^Public/ }).check({ force: true })
    await glance('62-studio-album')
    await save()
    await toast(page, 'Saved.').waitFor()
    await page.waitForURL(/\/studio\/albums\/[0-9a-f-]{36}$/)
    const id = page.url().split('/').at(-1) ?? ''
    const { status, body } = await read(`/albums/${id}`, '')
    assert.equal(status, 200)
    assert.deepEqual([body['title'], body['kind'], body['year']], ['Tide Tables', 'ep', 2026])
    assert.deepEqual(
      (body['songs'] as Thing[]).map((s) => s.title),
      wanted,
    )
    await page.getByLabel(`Disc of ${wanted[0]}`).selectOption('2')
    await save()
    await until(
      'two discs',
      async () => (await read(`/albums/${id}`)).body['songs'] as Thing[],
      (all) => all.at(-1)?.title === wanted[0] && all.at(-1)?.['disc'] === 2,
    )
    await page.goto(`${base}/studio/albums`)
    await page.getByRole('link', { name: /^Edit Tide Tables/ }).waitFor()
    await glance('63-studio-albums')
  })

  void it('keeps the lines that are tapped while the song plays, and the player shows them', async () => {
    const { page, base } = visit
    await page.goto(`${base}/studio/songs/${idOf(1)}/lyrics`)
    await page.getByRole('textbox', { name: 'Lyrics' }).fill('First light\n\nOver the harbour wall\nNobody is calling')
    await page.getByRole('button', { name: 'Sync lines' }).click()
    await page.keyboard.press('Space')
    for (const [i, sec] of [1.2, 2.4, 3.6].entries()) {
      await until(
        'the moment to tap',
        () => place(),
        (now) => now >= sec,
      )
      await page.keyboard.press('Space')
      await page
        .getByRole('status')
        .getByText(`${i + 1} of 3 lines have their time`)
        .waitFor({ state: 'attached' })
    }
    await page.keyboard.press('Backspace')
    await page.getByRole('status').getByText('2 of 3 lines have their time').waitFor({ state: 'attached' })
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowRight')
    await page.evaluate(`audios.forEach((a) => a.pause())`)
    await looksRight(visit, '64-studio-sync')
    await save()
    await toast(page, 'Saved.').waitFor()
    const { body } = await read(`/songs/${idOf(1)}/lyrics`)
    const lines = body['lines'] as { timeMs: number; text: string }[]
    assert.deepEqual(
      lines.map((l) => l.text),
      ['First light', 'Over the harbour wall', 'Nobody is calling'],
    )
    assert.ok((lines[0]?.timeMs ?? 0) >= 1100 && (lines[1]?.timeMs ?? 0) >= 2300, JSON.stringify(lines))
    assert.ok(
      lines.every((l, i) => i === 0 || l.timeMs > (lines[i - 1]?.timeMs ?? 0)),
      JSON.stringify(lines),
    )
    assert.equal(body['plain'], 'First light\n\nOver the harbour wall\nNobody is calling')
  })
  const place = () =>
    visit.page.evaluate(() => (globalThis as unknown as Hooked).audios.find((a) => !a.paused)?.currentTime ?? -1)

  void it('times words, takes an LRC file, and shows it word by word', async () => {
    const { page, base } = visit
    await page.goto(`${base}/studio/songs/${idOf(2)}/lyrics`)
    const lrc = '[00:00.10]<00:00.10>Slowly <00:00.90>rising\n[00:02.00]<00:02.00>tide'
    await page
      .locator('[data-pick=lrc]')
      .setInputFiles({ name: 'song.lrc', mimeType: 'text/plain', buffer: Buffer.from(lrc) })
    await toast(page, '2 lines with their times.').waitFor()
    await page.getByRole('button', { name: 'Sync words' }).click()
    await visit.shot('65-studio-words')
    await save()
    await toast(page, 'Saved.').waitFor()
    const { body } = await read(`/songs/${idOf(2)}/lyrics`)
    assert.equal(body['sync'], 'word')
    const [line] = body['lines'] as { words: { timeMs: number }[] }[]
    assert.deepEqual(
      line?.words.map((w) => w.timeMs),
      [100, 900],
    )
    await page.getByRole('button', { name: 'From the start' }).click()
    await page.keyboard.press('l')
    const sung = page.getByRole('region', { name: 'Lyrics' }).locator('.word.sung')
    await until(
      'words that are sung',
      () => sung.count(),
      (n) => n > 0,
    )
    await page.keyboard.press('Escape')
  })

  void it('shows what an admin hid, and lets its owner delete it', async () => {
    const { page, base } = visit
    const { title } = await songOf(idOf(2))
    await call(base, {
      method: 'PATCH',
      path: `/admin/songs/${idOf(2)}/visible`,
      token: ada,
      body: { isVisible: false },
    })
    await page.goto(`${base}/studio?state=hidden`)
    await rows().getByText('hidden by an admin').waitFor()
    await page
      .getByRole('link', { name: `Edit ${title}` })
      .first()
      .click()
    await page.getByText('An admin has hidden this song').waitFor()
    await page.getByRole('button', { name: 'Delete this song' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await toast(page, 'The song is deleted.').waitFor()
    await until(
      'it is gone',
      async () => (await read('/users/songs')).body['items'] as unknown[],
      (all) => all.length === FILES.length - 1,
    )
  })

  void it('never made the browser complain', () => assert.deepEqual(unexpected(visit.complaints), []))
})
