/** What a browser does around the player: its media session, three hours in one file; and two songs at once. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Route } from 'playwright-core'
import { type Hooked, until } from './page.ts'
import { type Ears, onceCalm, startEars } from './player-ears.ts'
import { CUT_AT, noise, placeInTune, RATE_HZ, skipSound, TUNE, wavOf } from './player-sound.ts'

const ALBUM = 'flac then flac'
const NOISE = 'two noises'
const NOISE_SEC = 4
const FADE_SEC = 1

/** Keeps hold of what the page tells the system, and of what the system may call. */
const SESSION_JS = `{
  globalThis.keys = {}
  globalThis.positions = []
  const { setActionHandler, setPositionState } = MediaSession.prototype
  MediaSession.prototype.setActionHandler = function (action, run) {
    keys[action] = run
    return setActionHandler.call(this, action, run)
  }
  MediaSession.prototype.setPositionState = function (state) {
    positions.push(state)
    return setPositionState.call(this, state)
  }
}`
type Told = { title: string; artist: string; album: string; state: string; duration: number; position: number }
const TOLD_JS = `({
  title: navigator.mediaSession.metadata?.title, artist: navigator.mediaSession.metadata?.artist,
  album: navigator.mediaSession.metadata?.album, state: navigator.mediaSession.playbackState,
  duration: positions.at(-1)?.duration, position: positions.at(-1)?.position,
})`

const LONG_SEC = 3 * 3600
/** Three hours of WAV: the tune again and again. Nobody holds it: every range is made when it is asked for. */
function longFile() {
  const tune = wavOf(TUNE)
  const [head, sound] = [tune.subarray(0, 44), tune.subarray(44)]
  const dataBytes = LONG_SEC * RATE_HZ * 4
  head.writeUInt32LE(36 + dataBytes, 4)
  head.writeUInt32LE(dataBytes, 40)
  const sizeBytes = 44 + dataBytes
  return async (route: Route): Promise<void> => {
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(route.request().headers()['range'] ?? '') ?? []
    const [start, end] = [Number(from), Math.min(sizeBytes, Number(to || sizeBytes) + 1)]
    const body = Buffer.alloc(end - start)
    for (let at = start; at < end; ) {
      const [piece, offset] = at < 44 ? [head, at] : [sound, (at - 44) % sound.length]
      at += piece.copy(body, at - start, offset)
    }
    const headers = {
      'content-range': `bytes ${start}-${end - 1}/${sizeBytes}`,
      etag: '"long"',
      'content-type': 'audio/wav',
    }
    await route.fulfill({ status: 206, headers, body })
  }
}
/** Seconds of sound that all elements hold, and the place of the one that plays. */
const HELD_JS = `({
  heldSec: audios.reduce((sum, { buffered: b }) => sum + [...Array(b.length).keys()].reduce((n, i) => n + b.end(i) - b.start(i), 0), 0),
  atSec: audios.find((a) => !a.paused)?.currentTime ?? -1,
})`
type Held = { heldSec: number; atSec: number }
/** WAV of CD sound: 30 s ahead (5 MiB), 20 s behind, and one read. */
const HELD_SEC_MAX = 30 + 20 + 12
const HEAP_BYTES_MAX = 48 * 1024 * 1024

void describe('web app: the player and the system around it', { skip: skipSound, timeout: 300_000 }, () => {
  let ears: Ears
  before(async () => {
    const parts = [1, 2].map((seed) => ({ kind: 'flac' as const, sound: noise(seed, NOISE_SEC * RATE_HZ) }))
    ears = await startEars([['flac', 'flac']], [{ title: NOISE, order: 'loose', parts }])
    await ears.page.addInitScript({ content: SESSION_JS })
  })
  after(() => ears?.stop())

  void it('keys of the system: what plays, where, and all that they can do', async () => {
    const told = () => ears.page.evaluate<Told>(TOLD_JS)
    const press = (action: string, details = '{}') =>
      ears.page.evaluate(`keys.${action}({ action: '${action}', ...${details} })`)
    await ears.playAlbum(ALBUM, { quality: 'original' })
    const first = await until('it plays', told, (now) => now.state === 'playing' && now.position > 0.2)
    assert.deepEqual([first.title, first.artist, first.album], [`${ALBUM} 1`, 'Cut', ALBUM])
    assert.ok(Math.abs(first.duration - CUT_AT / RATE_HZ) < 0.01)
    await press('pause')
    await until('it is paused', told, (now) => now.state === 'paused')
    await press('seekto', '{ seekTime: 1.5 }')
    await until('it is there', told, (now) => Math.abs(now.position - 1.5) < 0.01)
    await press('seekbackward', '{ seekOffset: 1 }')
    await until('it is back', told, (now) => Math.abs(now.position - 0.5) < 0.01)
    await press('play')
    await until('it plays on', told, (now) => now.state === 'playing' && now.position > 0.6)
    await press('nexttrack')
    const second = await until('the second', told, (now) => now.title === `${ALBUM} 2`)
    assert.equal(second.state, 'playing')
    await press('previoustrack')
    await until('the first again', told, (now) => now.title === `${ALBUM} 1`)
  })

  void it('two songs that sound together are as loud as one: within 1 dB through the whole fade', async (t) => {
    await onceCalm(async () => {
      await ears.playAlbum(NOISE, { quality: 'original', crossfadeSec: 6 })
      const sound = await ears.heardFor('both', 2 * NOISE_SEC - FADE_SEC - 0.4)
      const each = RATE_HZ / 8
      const from = (NOISE_SEC - 1.5 * FADE_SEC) * RATE_HZ
      const levels = Array.from({ length: 16 }, (_, i) => {
        const part = sound.subarray(from + i * each, from + (i + 1) * each)
        return 10 * Math.log10(part.reduce((sum, v) => sum + v * v, 1e-12) / part.length)
      })
      const usual = 10 * Math.log10(sound.subarray(RATE_HZ, 2 * RATE_HZ).reduce((sum, v) => sum + v * v, 0) / RATE_HZ)
      t.diagnostic(levels.map((level) => (level - usual).toFixed(2)).join(' '))
      for (const level of levels) assert.ok(Math.abs(level - usual) < 1, `${(level - usual).toFixed(2)} dB`)
    })
  })

  void it('three hours: a jump to 2 h 50 sounds, and little is held however far it goes', async (t) => {
    const [song] = await ears.songsOf(ALBUM)
    const stream = new RegExp(`/songs/${song?.id}/stream`)
    await ears.page.context().route(stream, longFile())
    await ears.playAlbum(ALBUM, { quality: 'original' })
    await ears.heardFor('the beginning', 0.3)
    const slider = ears.page.getByRole('slider', { name: 'Position' })
    const box = await slider.boundingBox()
    assert.ok(box)
    await ears.forget()
    await ears.page.mouse.click(box.x + (box.width * 10_200) / LONG_SEC, box.y + box.height / 2)
    const held = () => ears.page.evaluate<Held>(HELD_JS)
    const { atSec } = await until('the place', held, (now) => Math.abs(now.atSec - 10_200) < 60 && now.heldSec > 1)
    const sound = await ears.heardFor('2 h 50', 1)
    const found = placeInTune(sound, RATE_HZ / 2, { count: 4000, near: TUNE.length / 2, range: TUNE.length / 2 })
    assert.ok(found.likeness > 0.999, `the music of there: ${found.likeness}`)
    await ears.page.evaluate(() => {
      for (const a of (globalThis as unknown as Hooked).audios) Object.assign(a, { playbackRate: 12 })
    })
    let most = 0
    const minute = async () => {
      const now = await held()
      most = Math.max(most, now.heldSec)
      return now.atSec
    }
    await until('more than a minute on', minute, (sec) => sec > atSec + 75)
    const cdp = await ears.page.context().newCDPSession(ears.page)
    await cdp.send('HeapProfiler.collectGarbage')
    const { usedSize, backingStorageSize = 0 } = (await cdp.send('Runtime.getHeapUsage')) as {
      usedSize: number
      backingStorageSize?: number
    }
    await ears.page.context().unroute(stream)
    t.diagnostic(
      `held at most ${most.toFixed(0)} s of sound; heap ${((usedSize + backingStorageSize) / 1e6).toFixed(0)} MB`,
    )
    assert.ok(most < HELD_SEC_MAX, `${most} s held`)
    assert.ok(usedSize + backingStorageSize < HEAP_BYTES_MAX)
  })

  void it('never made the browser complain', () => assert.deepEqual(ears.complaints, []))
})
