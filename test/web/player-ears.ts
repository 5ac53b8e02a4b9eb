/** The real product with cut tunes for music, and a page whose sound is recorded. */
import assert from 'node:assert/strict'
import { KEEP_AUDIOS, until } from './page.ts'
import { type Album, cutTunes, type FileKind, forget, heard, type Listened, RATE_HZ, record } from './player-sound.ts'
import { startVisit } from './visit.ts'

type Heard = { id: string; loudness: { trackGainDb: number; trackPeakDbtp: number | null } | null }
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

/** A script that puts down settings as if chosen before. */
export const chosen = (settings: object): string => {
  const all = JSON.stringify({ loudness: 'off', crossfadeSec: 0, ...settings })
  return `localStorage.setItem('tutti.settings', ${JSON.stringify(all)}); localStorage.setItem('tutti.volume', '1')`
}

export type Ears = Awaited<ReturnType<typeof startEars>>

export async function startEars(pairs: readonly (readonly [FileKind, FileKind])[], others: readonly Album[] = []) {
  const music = await cutTunes(pairs, others)
  const visit = await startVisit(music.folder, {}, 'background')
  await visit.firstAccount()
  const opened = visit.page.context()
  // The recorder is a script of our own, which the app's policy rightly refuses.
  const context = await opened.browser()?.newContext({ storageState: await opened.storageState(), bypassCSP: true })
  assert.ok(context)
  await record(context)
  await context.addInitScript({ content: KEEP_AUDIOS })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => void complaints.push(String(error.stack)))
  await page.goto(visit.base)
  const list = () => page.evaluate(() => fetch('/api/v1/albums?limit=100').then((r) => r.json() as Promise<Albums>))
  const songs = 2 * pairs.length + others.reduce((sum, { parts }) => sum + parts.length, 0)
  const isAll = ({ items }: Albums) => items.reduce((sum, { songCount }) => sum + songCount, 0) === songs
  const { items } = await until('all albums', list, isAll, SCAN_MS_MAX)
  const addressOf = (album: string) => `${visit.base}/albums/${items.find((a) => a.title === album)?.id}`
  return {
    page,
    complaints,
    addressOf,
    /** Plays an album from its page, with settings as if chosen before. */
    async playAlbum(album: string, settings: object): Promise<void> {
      await page.evaluate(chosen(settings))
      await page.goto(addressOf(album))
      await page.getByRole('button', { name: 'Play', exact: true }).first().click()
    },
    /** Everything that was heard, once there is so much of it. */
    async heardFor(what: string, sec: number, of: Listened = page): Promise<Float32Array> {
      const enough = (sound: Float32Array) => sound.length > sec * RATE_HZ
      const endMs = performance.now() + HEAR_MS_MAX
      for (;;) {
        const sound = await heard(of)
        if (enough(sound)) return sound
        assert.ok(performance.now() < endMs, `${what}: ${sound.length} samples`)
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    },
    /** The songs of an album, in order. */
    songsOf: (album: string) =>
      page.evaluate(
        (id) =>
          fetch(`/api/v1/albums/${id}`)
            .then((r) => r.json() as Promise<{ songs: Heard[] }>)
            .then(({ songs }) => songs),
        items.find((a) => a.title === album)?.id,
      ),
    forget: () => forget(page),
    async stop(): Promise<void> {
      await visit.stop()
      await music.remove()
    },
  }
}
