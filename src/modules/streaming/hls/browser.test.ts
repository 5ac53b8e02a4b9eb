/** The adaptive stream in hls.js, in a real browser: to the end, to the sample, at any place. */
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { openPlayer, type Player } from '#test/web/hls-page.ts'
import { chromiumPath, startBrowser } from '#test/web/product.ts'
import { makeTune as makePcm } from '../renditions/containers/testing.ts'
import { ffmpeg, makeTune, type Music, needsFfmpeg, startMusic } from '../testing.ts'
import { errorBetween, heard, lagOf, RATE_HZ } from './testing-decode.ts'

const lacksChromium = !chromiumPath() && process.env['TUTTI_TEST_FULL'] !== '1'
const skip = lacksChromium ? 'this machine has no Chromium' : needsFfmpeg.skip
/** Two borders between segments, and some more. */
const SHORT_SEC = 9.4
const LONG_SEC = 600
const SEEKS = 50
const SEEK_MS_MAX = 20_000
/** What the machine's other work breaks of a recording is elsewhere each time; a gap of ours is not. */
const RECORDINGS_MAX = 4
const PIECE_SEC = 1.92
/** A frame of AAC: what is beyond the end of the music is silence. */
const LENGTH_OFF_SEC_MAX = 0.022
const AAC_DELAY_SEC = 1024 / RATE_HZ

type Signed = { hlsUrl: string }

void describe('hls.js', { skip, timeout: 300_000 }, () => {
  let music: Music
  let browser: Browser
  let player: Player
  before(async () => {
    music = await startMusic(async (folder) => {
      const { pcm } = makePcm({ sampleRateHz: RATE_HZ, channels: 2, bits: 16 }, SHORT_SEC, 0)
      const raw = join(folder, '.short.raw')
      await writeFile(raw, pcm)
      const shape = ['-f', 's16le', '-ar', String(RATE_HZ), '-ac', '2']
      await ffmpeg(...shape, '-i', raw, '-metadata', 'title=short.flac', join(folder, 'short.flac'))
      await rm(raw)
      await makeTune(folder, { name: 'long.flac', seconds: LONG_SEC })
    })
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    await music?.[Symbol.asyncDispose]()
  })
  const signed = async (title: string): Promise<Signed> => {
    const { status, body, text } = await (await music.app.as('admin')).post(`/songs/${music.id(title)}/links`, {})
    assert.equal(status, 200, text)
    return body as Signed
  }
  const open = async () => (player = await openPlayer(browser, music.app.url))
  /** A load that hls.js itself breaks off, because another tier or place is wanted, is none. */
  const noFaults = async () =>
    assert.deepEqual(
      (await player.faults()).filter(([, details]) => details !== 'aborted'),
      [],
    )

  /** Where the recording differs from the music by far more than it does mostly, seconds; the first sound at `lag`. */
  async function compared(source: Float32Array): Promise<{ lag: number; lostSec: number[]; heardSec: number }> {
    await player.playFrom(0)
    await player.toTheEnd(SHORT_SEC * 1000 + 20_000)
    const recording = await player.recorded()
    const begin = recording.findIndex((v) => Math.abs(v) > 0.001)
    const sound = recording.subarray(Math.max(0, begin - 4000))
    const lag = lagOf(source.subarray(0, 2 * RATE_HZ), sound, 6000)
    const at = sound.subarray(Math.max(0, lag))
    const step = RATE_HZ / 50
    const parts = Array.from({ length: Math.floor(source.length / step) }, (_, i) =>
      errorBetween(source, at, i * step, (i + 1) * step),
    )
    const usual = parts.toSorted((a, b) => a - b)[Math.floor(parts.length / 2)] as number
    const lostSec = parts.flatMap((error, i) => (error > 4 * usual + 0.01 ? [i / 50] : []))
    const end = at.findLastIndex((v) => Math.abs(v) > 0.001)
    return { lag, lostSec, heardSec: (end + 1) / RATE_HZ }
  }

  void it('plays to the end without a gap where segments meet, and not a sample too much', async (t) => {
    await open()
    const levels = await player.load((await signed('short.flac')).hlsUrl)
    assert.deepEqual(
      levels.map((l) => l.codec),
      ['mp4a.40.2', 'mp4a.40.2', 'mp4a.40.2'],
    )
    await player.record()
    const source = await heard(join(music.folder, 'short.flac'))
    let torn = [1, 2].map((n) => n * PIECE_SEC - AAC_DELAY_SEC)
    let isRightLength = false
    for (let count = 1; (torn.length > 0 || !isRightLength) && count <= RECORDINGS_MAX; count++) {
      const { lostSec, heardSec } = await compared(source)
      t.diagnostic(`recording ${count}: lost at ${lostSec.join(', ') || 'no place'}; heard for ${heardSec} s`)
      torn = torn.filter((border) => lostSec.some((sec) => Math.abs(sec - border) < 0.06))
      isRightLength ||= Math.abs(heardSec - SHORT_SEC) < LENGTH_OFF_SEC_MAX
    }
    assert.deepEqual(torn, [], 'borders at which no recording was whole')
    assert.ok(isRightLength, 'no recording was as long as the music')
    await noFaults()
    await player.close()
  })

  void it('knows how long the song is, to the sample', async () => {
    await open()
    await player.load((await signed('short.flac')).hlsUrl, { startPosition: SHORT_SEC - 2 })
    await player.playFrom(SHORT_SEC - 1.5)
    const { durationSec, endedSec } = await player.toTheEnd(20_000)
    assert.ok(Math.abs(durationSec - SHORT_SEC) < 2 / RATE_HZ + 0.022, `${durationSec} s`)
    assert.ok(Math.abs(endedSec - durationSec) < 0.001)
    await noFaults()
    await player.close()
  })

  void it('switches quality while it plays', async () => {
    await open()
    await player.load((await signed('long.flac')).hlsUrl, { startLevel: 0, maxBufferLength: 8 })
    await player.playFrom(0)
    // In the first half of a segment: near its end hls.js takes the next one, and jumps to where that begins.
    for (const [level, sec] of [
      [2, 31],
      [1, 60],
      [0, 91],
    ] as const) {
      await player.setLevel(level)
      await player.seek(sec, SEEK_MS_MAX)
      assert.equal((await player.levels()).at(-1), level)
    }
    await noFaults()
    await player.close()
  })

  void it(`plays at any of ${SEEKS} random places`, async (t) => {
    await open()
    await player.load((await signed('long.flac')).hlsUrl)
    await player.playFrom(0)
    const took: number[] = []
    let state = 20_261_120
    for (let count = 0; count < SEEKS; count++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      took.push(await player.seek((state / 2 ** 32) * (LONG_SEC - 5), SEEK_MS_MAX))
    }
    const sorted = took.toSorted((a, b) => a - b)
    const at = (share: number) => (sorted[Math.floor(share * (SEEKS - 1))] as number).toFixed(0)
    t.diagnostic(`until it sounds: median ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms`)
    // Under load it may run out of what is there, as long as it goes on.
    assert.deepEqual(
      (await player.faults()).filter(([isFatal]) => isFatal),
      [],
    )
    await player.close()
  })
})
