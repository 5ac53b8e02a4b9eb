/** Uploading as people do it: files dropped on the page, lines that break, pages that are closed, on the real product. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import sharp from 'sharp'
import { heardSecOf, until } from './page.ts'
import { call, looksRight, makeAccount, MANY_SIGN_INS, signIn } from './people.ts'
import { musicPath, skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const ADA = { username: 'ada', password: PASSWORD }
const BEN = { username: 'ben', password: 'slow rivers under stars' }
/** A line so slow that there is time to look at what is under way. */
const CRAWL_BYTES_PER_SEC = 40_000
/** A line on which the songs of these tests take some seconds. */
const SLOW_BYTES_PER_SEC = 250_000
const FULL_SPEED = -1
/** Less than the song that is sent meanwhile has. */
const CUT_AFTER_BYTES = 400_000

const song = (name: string) => join(musicPath() ?? '', name)

type Line = { base: string; cutAfter(bytes: number): void; mend(): void; stop(): Promise<void> }
/** A way to the server that can be cut like a cable: what is under way ends, and nobody answers until it is mended. */
async function startLine(to: string): Promise<Line> {
  const { hostname, port } = new URL(to)
  const sockets = new Set<Socket>()
  let left = Infinity
  const cut = () => sockets.forEach((s) => s.destroy())
  const server = createServer((client) => {
    if (left <= 0) {
      client.destroy()
      return
    }
    const away = connect(Number(port), hostname)
    for (const s of [client, away]) {
      sockets.add(s)
      s.on('error', () => undefined).on('close', () => {
        sockets.delete(s)
        client.destroy()
        away.destroy()
      })
    }
    away.pipe(client)
    client.on('data', (part) => {
      left -= part.length
      if (left <= 0) cut()
      else away.write(part)
    })
  })
  server.listen(0, hostname)
  await once(server, 'listening')
  return {
    base: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    cutAfter: (bytes) => void (left = bytes),
    mend: () => void (left = Infinity),
    async stop() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Where each part that a page sends begins, bytes. */
function offsetsOf(page: Page): number[] {
  const offsets: number[] = []
  page.on('request', (request) => {
    if (request.method() === 'PATCH') offsets.push(Number(request.headers()['upload-offset']))
  })
  return offsets
}

void describe('web app: uploads', { skip, timeout: 300_000 }, () => {
  let visit: Visit
  let ben = ''
  let line: CDPSession
  let offsets: number[]
  before(async () => {
    visit = await startVisit('', MANY_SIGN_INS)
    await makeAccount(visit.base, ADA)
    ben = await makeAccount(visit.base, BEN)
    await signIn(visit.page, visit.base, BEN)
    visit.page.on('dialog', (dialog) => void dialog.accept())
    offsets = offsetsOf(visit.page)
    line = await visit.page.context().newCDPSession(visit.page)
    await line.send('Network.enable')
  })
  after(() => visit?.stop())

  const setLine = (uploadThroughput: number) =>
    line.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: FULL_SPEED,
      uploadThroughput,
    })
  const row = (name: string) => visit.page.locator(`[data-file="${name}"]`)
  const phaseOf = (name: string) => row(name).getAttribute('data-phase')
  const sent = async (name: string) =>
    Number(
      (await row(name)
        .getByRole('progressbar')
        .getAttribute('aria-valuenow')
        .catch(() => null)) ?? -1,
    )
  const pick = (...paths: string[]) => visit.page.locator('[data-pick=files]').setInputFiles(paths)
  const open = () => visit.goTo('/upload', 'Upload')

  /** What a browser does when a person lets go of files over the page. */
  async function drop(files: { name: string; type: string; bytes: Buffer }[]): Promise<void> {
    const plain = files.map(({ name, type, bytes }) => ({ name, type, base64: bytes.toString('base64') }))
    await visit.page.evaluate(`{
      const data = new DataTransfer()
      for (const { name, type, base64 } of ${JSON.stringify(plain)}) {
        const bytes = Uint8Array.from(atob(base64), (c) => c.codePointAt(0))
        data.items.add(new File([bytes], name, { type }))
      }
      for (const kind of ['dragenter', 'dragover', 'drop'])
        document.querySelector('main').dispatchEvent(
          new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }),
        )
    }`)
  }

  void it('takes what is dropped, shows how far it is, and plays the song that came of it', async () => {
    const { page } = visit
    await open()
    await visit.shot('50-upload-empty')
    await setLine(CRAWL_BYTES_PER_SEC)
    const cover = await sharp({ create: { width: 600, height: 600, channels: 3, background: '#b3532f' } })
      .jpeg()
      .toBuffer()
    await drop([
      { name: 'victory2.ogg', type: 'audio/ogg', bytes: await readFile(song('victory2.ogg')) },
      { name: 'transience.ogg', type: 'audio/ogg', bytes: await readFile(song('transience.ogg')) },
      { name: 'front.jpg', type: 'image/jpeg', bytes: cover },
      { name: 'broken.mp3', type: 'audio/mpeg', bytes: Buffer.from('this is no music at all, whatever its name says') },
    ])
    await until(
      'it is on its way',
      () => sent('transience.ogg'),
      (share) => share >= 3 && share < 100,
    )
    await page.getByRole('progressbar', { name: 'All files' }).waitFor()
    await page.getByText(/\/s · .* left/).waitFor()
    await looksRight(visit, '51-upload-under-way')
    await page.getByRole('link', { name: 'Albums' }).first().click()
    await page.getByRole('heading', { level: 1, name: 'Albums' }).waitFor()
    await page.getByRole('navigation', { name: 'Main' }).getByText(/\d %/).waitFor()
    await page.getByRole('link', { name: /^Upload/ }).click()
    await setLine(FULL_SPEED)
    await until(
      'both songs',
      () => Promise.all(['victory2.ogg', 'transience.ogg'].map(phaseOf)),
      (all) => all.every((p) => p === 'done'),
    )
    await page.getByRole('button', { name: /^Play .*Transience/i }).click()
    await until(
      'it sounds',
      () => heardSecOf(page),
      (sec) => sec > 0.3,
    )
    await page.keyboard.press('Escape')
    await page.evaluate(`audios.forEach((a) => a.pause())`)
  })

  void it('tells what it does not take, file by file', async () => {
    await until(
      'the refusal of the server',
      () => phaseOf('broken.mp3'),
      (p) => p === 'failed',
    )
    assert.match(await row('broken.mp3').innerText(), /audio/i)
    await drop([{ name: 'notes.txt', type: 'text/plain', bytes: Buffer.from('words') }])
    await row('notes.txt').getByText('This is no audio file.').waitFor()
    await looksRight(visit, '52-upload-done')
  })

  void it('makes a dropped picture the cover of the songs it came with', async () => {
    const { page, base } = visit
    await page.getByRole('button', { name: 'Cover of 2 songs' }).click()
    await page.getByText('Cover of 2 songs').and(page.getByRole('status')).waitFor()
    const { body } = await call(base, { path: '/users/songs', token: ben })
    const songs = body['items'] as { coverUrl: string | null }[]
    assert.equal(songs.length, 2)
    const shown = await fetch(base + String(songs[0]?.coverUrl), { headers: { authorization: `Bearer ${ben}` } })
    assert.equal(shown.status, 200)
  })

  void it('says that one has a song already, and leads to it', async () => {
    const { page } = visit
    await page.getByRole('button', { name: 'Clear what is done' }).click()
    await pick(song('victory2.ogg'))
    await row('victory2.ogg').getByRole('link', { name: 'You have this already' }).click()
    await page.getByRole('heading', { level: 1, name: /victory/i }).waitFor()
    await open()
  })

  void it('goes on by itself where it was when a connection was cut', async () => {
    const line = await startLine(visit.base)
    const page = await visit.newPage()
    try {
      await signIn(page, line.base, BEN)
      await page.goto(`${line.base}/upload`)
      const begins = offsetsOf(page)
      line.cutAfter(CUT_AFTER_BYTES)
      await page.locator('[data-pick=files]').setInputFiles(song('main_menu.ogg'))
      const row = page.locator('[data-file="main_menu.ogg"]')
      await row.getByText('waiting for the connection').waitFor()
      line.mend()
      await until(
        'the song',
        () => row.getAttribute('data-phase'),
        (p) => p === 'done',
      )
      assert.equal(begins[0], 0)
      const last = begins.at(-1) ?? 0
      assert.ok(last > 0 && last <= CUT_AFTER_BYTES, `parts began at ${begins.join(', ')}`)
    } finally {
      await page.context().close()
      await line.stop()
    }
  })

  void it('pauses and goes on, and after a reload too when the file is chosen again', async () => {
    const { page } = visit
    await setLine(SLOW_BYTES_PER_SEC)
    await pick(song('love_theme.ogg'))
    await until(
      'a part of it',
      () => sent('love_theme.ogg'),
      (share) => share > 10,
    )
    await page.getByRole('button', { name: 'Pause love_theme.ogg' }).click()
    await row('love_theme.ogg').getByText('paused').waitFor()
    await page.reload()
    await page.getByRole('heading', { name: '1 file left unfinished' }).waitFor()
    await page.getByRole('listitem').filter({ hasText: 'love_theme.ogg' }).waitFor()
    await visit.shot('53-upload-unfinished')
    offsets.length = 0
    await setLine(FULL_SPEED)
    await pick(song('love_theme.ogg'))
    await until(
      'the song',
      () => phaseOf('love_theme.ogg'),
      (p) => p === 'done',
    )
    assert.ok((offsets[0] ?? 0) > 0, `it began anew: ${offsets.join(', ')}`)
    await page.getByRole('heading', { name: /unfinished/ }).waitFor({ state: 'detached' })
  })

  void it('forgets a file that is cancelled, here and on the server', async () => {
    const { page, base } = visit
    await setLine(SLOW_BYTES_PER_SEC)
    await pick(song('battle-epic.ogg'))
    await until(
      'a part of it',
      () => sent('battle-epic.ogg'),
      (share) => share > 5,
    )
    await page.getByRole('button', { name: 'Cancel battle-epic.ogg' }).click()
    await setLine(FULL_SPEED)
    const left = async () => {
      const { body } = await call(base, { path: '/upload?status=uploading', token: ben })
      return (body['items'] as unknown[]).length
    }
    await until('nothing is left of it', left, (n) => n === 0)
  })

  void it('never made the browser complain', () => {
    const CUT = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_NETWORK|ERR_SOCKET|WebSocket/
    assert.deepEqual(
      visit.complaints.filter((c) => !CUT.test(c) && !/status of 4\d\d .*\/api\/v1\//.test(c)),
      [],
    )
  })
})
