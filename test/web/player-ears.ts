/** The real product with cut tunes for music, and a page whose sound is recorded. */
import assert from 'node:assert/strict'
import { until } from './page.ts'
import { cutTunes, type FileKind, forget, heard, RATE_HZ, record } from './player-sound.ts'
import { startVisit } from './visit.ts'

type Albums = { items: { id: string; title: string; songCount: number }[] }
const SCAN_MS_MAX = 60_000
const HEAR_MS_MAX = 30_000

const TRIES_MAX = 3
/** A machine without time for the browser drops sound: what that spoils is tried again, and what is wrong stays wrong. */
export async function onceCalm(act: () => Promise<void>): Promise<void> {
  for (let tries = 1; tries < TRIES_MAX; tries++) {
    try {
      return await act()
    } catch (thrown) {
      if (!(thrown instanceof assert.AssertionError)) throw thrown
    }
  }
  await act()
}

export type Ears = Awaited<ReturnType<typeof startEars>>

export async function startEars(pairs: readonly (readonly [FileKind, FileKind])[]) {
  const music = await cutTunes(pairs)
  const visit = await startVisit(music.folder)
  await visit.firstAccount()
  const opened = visit.page.context()
  // The recorder is a script of our own, which the app's policy rightly refuses.
  const context = await opened.browser()?.newContext({ storageState: await opened.storageState(), bypassCSP: true })
  assert.ok(context)
  await record(context)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => void complaints.push(String(error.stack)))
  await page.goto(visit.base)
  const list = () => page.evaluate(() => fetch('/api/v1/albums?limit=100').then((r) => r.json() as Promise<Albums>))
  const isAll = ({ items }: Albums) => items.filter((a) => a.songCount === 2).length === pairs.length
  const { items } = await until('all albums', list, isAll, SCAN_MS_MAX)
  return {
    page,
    complaints,
    /** Plays an album from its page, with settings as if chosen before. */
    async playAlbum(album: string, settings: object): Promise<void> {
      await page.evaluate((chosen) => {
        localStorage.setItem('tutti.settings', JSON.stringify({ loudness: 'off', crossfadeSec: 0, ...chosen }))
        localStorage.setItem('tutti.volume', '1')
      }, settings)
      await page.goto(`${visit.base}/albums/${items.find((a) => a.title === album)?.id}`)
      await page.getByRole('button', { name: 'Play', exact: true }).first().click()
    },
    /** Everything that was heard, once there is so much of it. */
    async heardFor(what: string, sec: number): Promise<Float32Array> {
      const enough = (sound: Float32Array) => sound.length > sec * RATE_HZ
      const endMs = performance.now() + HEAR_MS_MAX
      for (;;) {
        const sound = await heard(page)
        if (enough(sound)) return sound
        assert.ok(performance.now() < endMs, `${what}: ${sound.length} samples`)
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    },
    /** The songs of an album, in order. */
    songIdsOf: (album: string) =>
      page.evaluate(
        (id) =>
          fetch(`/api/v1/albums/${id}`)
            .then((r) => r.json() as Promise<{ songs: { id: string }[] }>)
            .then(({ songs }) => songs.map((s) => s.id)),
        items.find((a) => a.title === album)?.id,
      ),
    forget: () => forget(page),
    async stop(): Promise<void> {
      await visit.stop()
      await music.remove()
    },
  }
}
