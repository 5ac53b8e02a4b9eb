/** Keeping music for listening without a network: in a real browser, behind a line to the server that is really cut. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { isControlled, isKeptWhole, ownerOf, piecesOf, slowLine, soundOf } from './kept.ts'
import { type OfflineVisit, sha256, startOfflineVisit } from './offline.ts'
import { heardSecOf, until } from './page.ts'
import { looksRight } from './people.ts'
import { skip } from './product.ts'

/** Slow enough that a song of some megabytes takes seconds. */
const SLOW_BYTES_PER_SEC = 700_000

/** A press on the seek bar at a share of the song. */
async function seekTo(page: Page, share: number): Promise<void> {
  const box = await page.getByRole('slider', { name: 'Position' }).first().boundingBox()
  assert.ok(box)
  await page.mouse.click(box.x + box.width * share, box.y + box.height / 2)
}
const inAlbum = ({ songs, song }: OfflineVisit) => songs.filter((s) => s.album?.id === song('Sad').album?.id).length

void describe('web app: offline', { skip, timeout: 900_000 }, () => {
  let o: OfflineVisit
  before(async () => {
    o = await startOfflineVisit()
  })
  after(() => o?.stop())

  void it('can be installed', async () => {
    const { page } = o
    await until(
      'the worker',
      () => isControlled(page),
      (is) => is,
    )
    const manifest = (await (await fetch(`${o.line.base}/manifest.webmanifest`)).json()) as {
      icons: { src: string; sizes: string; purpose: string }[]
      shortcuts: { url: string; icons: { src: string; sizes: string }[] }[]
    }
    for (const { src, sizes } of [...manifest.icons, ...manifest.shortcuts.flatMap((s) => s.icons)]) {
      const { width, height } = await sharp(
        Buffer.from(await (await fetch(o.line.base + src)).arrayBuffer()),
      ).metadata()
      if (sizes !== 'any') assert.equal(`${width}x${height}`, sizes, src)
    }
    for (const size of ['192x192', '512x512'])
      for (const purpose of ['any', 'maskable'])
        assert.ok(
          manifest.icons.some((i) => i.sizes === size && i.purpose === purpose),
          `${size} ${purpose}`,
        )
    const cdp = await page.context().newCDPSession(page)
    const { errors } = await cdp.send('Page.getAppManifest')
    assert.deepEqual(errors, [])
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors')
    // This window of a test keeps nothing of itself, which no browser lets one install from.
    assert.deepEqual(
      installabilityErrors.map((e) => e.errorId).filter((id) => id !== 'in-incognito'),
      [],
    )
    await cdp.detach()
  })

  void it('keeps an album, byte for byte', async () => {
    const { page } = o
    await o.openAlbum()
    await page.getByRole('button', { name: 'Keep offline' }).click()
    await page.getByRole('button', { name: 'Kept offline' }).waitFor({ timeout: 60_000 })
    await looksRight(o.visit, '93-album-kept', page)
    const [title, file] = ["Journey's End", 'journeys_end.ogg']
    const whole = await readFile(join(o.music.folder, file))
    const sound = await soundOf(page, o.song(title).id)
    assert.deepEqual([sound.status, sound.isKept, sound.size], [200, true, whole.length])
    assert.equal(sound.digest, sha256(whole))
    const part = await soundOf(page, o.song(title).id, { range: 'bytes=1048570-2097160' })
    assert.deepEqual([part.status, part.range], [206, `bytes 1048570-2097160/${whole.length}`])
    assert.equal(part.digest, sha256(whole.subarray(1048570, 2097161)))
    assert.equal((await soundOf(page, o.song(title).id, { range: `bytes=${whole.length}-` })).status, 416)
    await o.open('/offline')
    await page.getByText(`${inAlbum(o)} songs on this device`).waitFor()
  })

  void it('starts, shows and plays it without a network, to the end and from any place', async () => {
    const { page } = o
    await o.cutOff()
    await page.reload()
    await page.getByText('You are offline.').waitFor()
    await page.getByText(`${inAlbum(o)} songs on this device`).waitFor()
    await o.openAlbum()
    const picture = page.locator('.hero .art').first()
    await picture.waitFor()
    await page.getByRole('button', { name: 'Play Sad by' }).click()
    await until(
      'it plays',
      () => heardSecOf(page),
      (sec) => sec > 1,
    )
    const endSec = o.song('Sad').durationMs / 1000
    await seekTo(page, 0.5)
    await until(
      'it plays in the middle',
      () => heardSecOf(page),
      (sec) => sec > endSec / 2 + 0.5,
    )
    await page.keyboard.press('l')
    await page.getByText('Nobody home').waitFor()
    await page.keyboard.press('Escape')
    await seekTo(page, 1 - 3 / endSec)
    const playing = page.getByRole('contentinfo', { name: 'Player' }).locator('.title')
    await until(
      'the next song',
      () => playing.innerText(),
      (title) => title !== 'Sad',
      20_000,
    )
    await until(
      'that sounds too',
      () => heardSecOf(page),
      (sec) => sec > 0.3 && sec < 60,
    )
    await page.keyboard.press('Space')
  })

  void it('brings the queue back without a network, and says what is not here', async () => {
    const { page } = o
    await page.reload()
    await page.getByRole('contentinfo', { name: 'Player' }).waitFor()
    await o.open('/')
    await page.getByRole('heading', { name: 'You are offline' }).waitFor()
    await page.getByRole('link', { name: 'What is on this device' }).click()
    await page.getByRole('heading', { level: 1, name: 'Offline' }).waitFor()
    await looksRight(o.visit, '90-offline', page)
    await o.reconnect()
    await page.getByText('You are offline.').waitFor({ state: 'detached', timeout: 30_000 })
  })

  void it('goes on after a cut where it was, and plays what is here meanwhile', async () => {
    const { page } = o
    const { id } = o.song('silence')
    await o.removeAllKept()
    const long = o.song("Journey's End")
    const cdp = await slowLine(page, SLOW_BYTES_PER_SEC)
    await o.keepSong(long.title)
    const here = () => piecesOf(page, long.id)
    await until('two pieces', here, (n) => n >= 2, 30_000)
    await o.cutOff()
    await o.open('/offline')
    await page
      .getByText(/ of 4\.5 MB/)
      .first()
      .waitFor()
    const before = await here()
    assert.ok(before >= 2 && before < 5, `${before} pieces`)
    const part = await soundOf(page, long.id, { range: 'bytes=0-1999999' })
    assert.equal(part.digest, sha256((await readFile(join(o.music.folder, 'journeys_end.ogg'))).subarray(0, 2_000_000)))
    const asked = o.keepersRequests(long.id).length
    await o.reconnect()
    await until(
      'all of it',
      () => isKeptWhole(page, long.id),
      (is) => is,
      60_000,
    )
    const goneOn = o
      .keepersRequests(long.id)
      .slice(asked)
      .map((p) => p.headers.range)
    assert.deepEqual(goneOn, [`bytes=${before * 1024 * 1024}-`])
    await cdp.detach()
    const whole = await readFile(join(o.music.folder, 'journeys_end.ogg'))
    assert.equal((await soundOf(page, long.id)).digest, sha256(whole))
    assert.equal((await soundOf(page, id)).isKept, false)
  })

  void it('can be heard and sought in while it is still coming', async () => {
    const { page } = o
    const { id } = o.song('Heroes Rite')
    const cdp = await slowLine(page, SLOW_BYTES_PER_SEC)
    await o.keepSong('Heroes Rite')
    await until(
      'a piece',
      () => piecesOf(page, id),
      (n) => n >= 1,
      30_000,
    )
    const whole = await readFile(join(o.music.folder, 'heroes_rite.ogg'))
    const part = await soundOf(page, id, { range: 'bytes=900000-1500000' })
    assert.deepEqual([part.status, part.isKept], [206, true])
    assert.equal(part.digest, sha256(whole.subarray(900_000, 1_500_001)))
    await page.getByRole('button', { name: 'Pause keeping Heroes Rite' }).click()
    await page.getByRole('button', { name: 'Go on keeping Heroes Rite' }).waitFor()
    const paused = await piecesOf(page, id)
    await page.waitForTimeout(2500)
    assert.equal(await piecesOf(page, id), paused)
    await o.visit.shot('91-offline-paused', page)
    await page.getByRole('button', { name: 'Go on keeping Heroes Rite' }).click()
    await until(
      'all of it',
      () => isKeptWhole(page, id),
      (is) => is,
      60_000,
    )
    assert.equal((await soundOf(page, id)).digest, sha256(whole))
    await cdp.detach()
  })

  void it('keeps a smaller quality, of the promised length', async () => {
    const { page } = o
    await o.open('/offline')
    await page.getByText('128 kbit/s').click()
    await until(
      'the choice',
      () => ownerOf(page),
      (owner) => owner['quality'] === 'medium',
    )
    await o.keepSong('Sad')
    const { id } = o.song('Sad')
    await until(
      'all of it',
      () => isKeptWhole(page, id),
      (is) => is,
      60_000,
    )
    const [sent] = o.keepersRequests(id).slice(-1)
    assert.match(sent?.path ?? '', /quality=medium/)
    await o.cutOff()
    await o.open('/songs')
    const sound = await soundOf(page, id)
    assert.ok(sound.isKept && sound.size > 300_000 && sound.size < 712_994 + 1_000_000)
    await o.reconnect()
    await o.open('/offline')
    await page.getByText('The file as it is').click()
    await until(
      'the choice',
      () => ownerOf(page),
      (owner) => owner['quality'] === 'original',
    )
  })
})
