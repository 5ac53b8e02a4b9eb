/** What is kept follows limits, the server, new versions of the app and who is signed in. */
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isKeptWhole, isNothing, keptHere, ownerOf, piecesOf, setLimit, soundOf, updateWorker } from './kept.ts'
import { ADA, BEN, type OfflineVisit, sha256, startOfflineVisit } from './offline.ts'
import { until } from './page.ts'
import { call, makeAccount, signIn } from './people.ts'
import { skip } from './product.ts'

const CLEO = { username: 'cleo', password: 'amber light at noon' }
const WORKER = '/service-worker.js'

void describe('web app: rules of what is kept', { skip, timeout: 900_000 }, () => {
  let o: OfflineVisit
  before(async () => {
    o = await startOfflineVisit()
  })
  after(() => o?.stop())

  void it('refuses politely what does not fit, and makes room only where it is allowed', async () => {
    const { page } = o
    await o.keepSong('Battle Epic')
    await until(
      'the first',
      () => isKeptWhole(page, o.song('Battle Epic').id),
      (is) => is,
    )
    await setLimit(page, 3e6)
    await o.keepSong('Heroes Rite', [/This takes 4\.4 MB, but only 1\.6 MB are left of what you allow/])
    assert.equal(await piecesOf(page, o.song('Heroes Rite').id), -1)
    await o.keepSong('Love Theme', [/This takes 1\.9 MB, but only 1\.6 MB/])
    await page.getByText('Make room by itself').click()
    await until(
      'the choice',
      () => ownerOf(page),
      (owner) => owner.makeRoom,
    )
    await o.keepSong('Love Theme', [
      'Removed to make room: “Battle Epic”.',
      '“Love Theme” is being kept on this device.',
    ])
    await until(
      'the second',
      () => isKeptWhole(page, o.song('Love Theme').id),
      (is) => is,
    )
    assert.equal(await piecesOf(page, o.song('Battle Epic').id), -1)
    await setLimit(page, null)
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: o.line.base, quotaSize: 4e6 })
    await o.keepSong('Heroes Rite')
    await page.getByText('The disk has no more room for it').first().waitFor()
    await page.getByRole('button', { name: 'Try again to keep Heroes Rite' }).waitFor()
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: o.line.base })
    await page.getByRole('button', { name: 'Try again to keep Heroes Rite' }).click()
    await until(
      'it',
      () => isKeptWhole(page, o.song('Heroes Rite').id),
      (is) => is,
    )
    await cdp.detach()
  })

  void it('fetches a file again that is another now, and keeps what is only away', async () => {
    const { page } = o
    await o.keepSong('Main Theme')
    const [{ id }, { id: awayId }] = [o.song('Main Theme'), o.song('Love Theme')]
    await until(
      'it',
      () => isKeptWhole(page, id),
      (is) => is,
    )
    const other = await readFile(join(o.music.folder, 'transience.ogg'))
    await writeFile(join(o.music.folder, 'main_menu.ogg'), other)
    await rm(join(o.music.folder, 'love_theme.ogg'))
    await call(o.visit.base, { method: 'POST', path: '/library/scan', token: o.token, body: {} })
    await until('the scan', o.readSongs, (all) => all.some((s) => s.id === id && s.title === 'Transience'), 30_000)
    await page.reload()
    await until(
      'the new file',
      async () => (await soundOf(page, id)).digest,
      (digest) => digest === sha256(other),
      30_000,
    )
    assert.ok((await soundOf(page, id)).isKept)
    // A file that is away may come back: what is kept of it stays.
    assert.ok(await isKeptWhole(page, awayId))
  })

  void it('takes a new version when it is asked to, and never half of one', async () => {
    const { page } = o
    const worker = await (await fetch(`${o.visit.base}${WORKER}`)).text()
    const index = await (await fetch(o.visit.base)).text()
    const version = /version:"([0-9a-f]{16})"|version:`([0-9a-f]{16})`/.exec(worker)
    const known = version?.[1] ?? version?.[2]
    assert.ok(known, 'no version in the worker')
    const newIndex = index.replace('</head>', '<meta name="later" content="yes"></head>')
    const isLater = () => page.locator('meta[name=later]').count()
    const digest = /pageSha256:["`]([0-9a-f]{64})["`]/.exec(worker)?.[1] ?? ''
    assert.equal(digest, sha256(Buffer.from(index)))
    const newer = worker.replaceAll(known, '0123456789abcdef').replace(digest, sha256(Buffer.from(newIndex)))
    o.line.replace(WORKER, newer)
    await updateWorker(page)
    await page.waitForTimeout(1500)
    assert.equal(await page.getByText('A new version of Tutti is here.').count(), 0, 'a worker without its page')
    o.line.replace('/', newIndex)
    // Asked again, because a browser that is still at the first time takes the second for the same.
    await until(
      'the new version',
      async () => {
        await updateWorker(page)
        return page.getByText('A new version of Tutti is here.').count()
      },
      (n) => n === 1,
    )
    await page.reload()
    await page.getByText('A new version of Tutti is here.').waitFor()
    assert.equal(await isLater(), 0, 'the new version did not wait')
    await o.visit.shot('92-new-version', page)
    await page.getByRole('button', { name: 'Reload' }).click()
    await until('the new page', isLater, (n) => n === 1)
    assert.equal(await page.getByText('A new version of Tutti is here.').count(), 0)
    const names = await page.evaluate<string[]>('caches.keys()')
    assert.equal(names.filter((name) => name.startsWith('tutti-shell-')).length, 2)
  })

  void it('removes everything when the person signs out, and shows the next one nothing', async () => {
    const { page } = o
    assert.ok(!isNothing(await keptHere(page)))
    await page
      .getByRole('button', { name: /^Account/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await until('nothing', () => keptHere(page), isNothing)
    await signIn(page, o.line.base, BEN)
    await o.open('/offline')
    await page.getByRole('heading', { name: 'Nothing is kept on this device' }).waitFor()
  })

  void it('lets go of a song that is not for this person any more', async () => {
    const { page } = o
    const { id } = o.song('Sad')
    await o.keepSong('Sad')
    await until(
      'it',
      () => isKeptWhole(page, id),
      (is) => is,
    )
    const show = (isVisible: boolean) =>
      call(o.visit.base, { method: 'PATCH', path: `/admin/songs/${id}/visible`, token: o.token, body: { isVisible } })
    assert.equal((await show(false)).status, 200)
    await page.reload()
    await until(
      'nothing of it',
      () => piecesOf(page, id),
      (n) => n === -1,
    )
    assert.equal((await soundOf(page, id)).status, 404)
    assert.equal((await show(true)).status, 200)
  })

  void it('removes everything of one who is nobody any more, or whose place another takes', async () => {
    const { page } = o
    await o.keepSong('Sad')
    await until(
      'it',
      () => isKeptWhole(page, o.song('Sad').id),
      (is) => is,
    )
    const ben = await page.evaluate(() => fetch('/api/v1/auth/me').then((r) => r.json() as Promise<{ id: string }>))
    await call(o.visit.base, {
      method: 'PATCH',
      path: `/admin/users/${ben.id}/block`,
      token: o.token,
      body: { isBlocked: true },
    })
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await until('nothing', () => keptHere(page), isNothing)
    await signIn(page, o.line.base, ADA)
    await o.keepSong('Sad')
    await until(
      'it',
      () => isKeptWhole(page, o.song('Sad').id),
      (is) => is,
    )
    await makeAccount(o.visit.base, CLEO)
    const status = await page.evaluate(
      async (body) =>
        (
          await fetch('/api/v1/auth/login', {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-tutti-session': 'cookie' },
            body: JSON.stringify(body),
          })
        ).status,
      CLEO,
    )
    assert.equal(status, 200)
    await page.reload()
    await page.getByRole('button', { name: 'Account: cleo' }).waitFor()
    await until('nothing', () => keptHere(page), isNothing)
  })
})
