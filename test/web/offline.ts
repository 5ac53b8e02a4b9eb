import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLine } from './line.ts'
import { until } from './page.ts'
import { call, makeAccount, MANY_SIGN_INS, signIn, toast } from './people.ts'
import { longSongs } from './product.ts'
import { PASSWORD, startVisit } from './visit.ts'

export const ADA = { username: 'ada', password: PASSWORD }
export const BEN = { username: 'ben', password: 'slow rivers under stars' }
export const ALBUM = 'The Battle for Wesnoth OST'
const SONGS = 12

export type TestSong = { id: string; title: string; durationMs: number; album: { id: string } | null }
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export type OfflineVisit = Awaited<ReturnType<typeof startOfflineVisit>>

/** Ada in a browser, behind a line to the server that can be cut; Ben has an account, too. */
export async function startOfflineVisit() {
  const music = await longSongs()
  await writeFile(join(music.folder, 'sad.lrc'), '[00:01.00]Rain on the river\n[00:05.00]Nobody home\n')
  const visit = await startVisit(music.folder, { ...MANY_SIGN_INS, ENABLE_ANALYSIS: 'false' })
  const line = await startLine(visit.base)
  const token = await makeAccount(visit.base, ADA)
  await makeAccount(visit.base, BEN)
  const readSongs = async () =>
    (await call(visit.base, { path: '/songs?limit=100&sort=title', token })).body['items'] as TestSong[]
  const songs = await until('songs', readSongs, (all) => all.length === SONGS, 60_000)
  const page = await visit.newPage()
  await signIn(page, line.base, ADA)
  const song = (title: string): TestSong => {
    const found = songs.find((s) => s.title === title)
    assert.ok(found, `no ${title}`)
    return found
  }
  const open = (path: string) => page.goto(line.base + path)
  return {
    visit,
    line,
    page,
    token,
    music,
    songs,
    readSongs,
    song,
    open,
    async openAlbum() {
      await open(`/albums/${song('Sad').album?.id}`)
      await page.getByRole('heading', { level: 1, name: ALBUM }).waitFor()
    },
    /** By its menu in the list of songs. */
    async keepSong(title: string, says: (RegExp | string)[] = [`“${title}” is being kept on this device.`]) {
      await open('/songs')
      await page
        .getByRole('button', { name: `More for ${title}` })
        .first()
        .click()
      await page.getByRole('menuitem', { name: 'Keep offline' }).click()
      for (const text of says) await toast(page, text).waitFor()
      await open('/offline')
    },
    async removeAllKept() {
      await open('/offline')
      await page.getByRole('button', { name: 'Remove all' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Remove all' }).click()
      await page.getByRole('heading', { name: 'Nothing is kept on this device' }).waitFor()
    },
    /** What the keeper has asked of a song's audio. */
    keepersRequests: (id: string) =>
      line.passed.filter(
        (p) => p.headers['tutti-keeper'] && p.method === 'GET' && p.path.startsWith(`/api/v1/songs/${id}/stream`),
      ),
    async cutOff() {
      line.cut()
      await page.context().setOffline(true)
    },
    async reconnect() {
      line.mend()
      await page.context().setOffline(false)
    },
    async stop() {
      await page.context().close()
      await line.stop()
      await visit.stop()
      await music.remove()
    },
  }
}
