/** Copies in Chromium: decoded they are what the song decodes to, and hls.js plays the tier to its end, without gaps. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openPlayer } from '#test/web/hls-page.ts'
import { chromiumPath, startBrowser } from '#test/web/product.ts'
import { readPlaylist } from '../../hls/testing.ts'
import { errorBetween, heard, lagOf, RATE_HZ } from '../../hls/testing-decode.ts'
import { makeTune, type Music, needsFfmpeg, startMusic } from '../../testing.ts'

const lacksChromium = !chromiumPath() && process.env['TUTTI_TEST_FULL'] !== '1'
const skip = lacksChromium ? 'this machine has no Chromium' : needsFfmpeg.skip
const SECONDS = 9.4
/** Of AAC at 48 kHz: a piece is 90 packets of 1024. */
const PIECE_SEC = 1.92
const AAC_DELAY_SEC = 1024 / RATE_HZ
/** What the machine's other work breaks of a recording is elsewhere each time; a gap of ours is not. */
const RECORDINGS_MAX = 4
/** Of fragments Chromium decodes as far as the length in whole microseconds. */
const ROUNDED_SAMPLES = 1
const SEEK_MS_MAX = 20_000
const AAC = '-c:a aac -b:a 96k -ac 2'.split(' ')

/** Texts that run in the page: the types of a browser are not those of the server. */
const DECODE = `async ([one, other, rateHz]) => {
  const decoded = async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return new OfflineAudioContext(2, 1, rateHz).decodeAudioData(bytes.buffer)
  }
  const [a, b] = [await decoded(one), await decoded(other)]
  let different = 0
  for (let channel = 0; channel < a.numberOfChannels; channel++) {
    const [left, right] = [a.getChannelData(channel), b.getChannelData(channel)]
    for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) different++
  }
  return { samples: [a.length, b.length], different }
}`
type Compared = { samples: [number, number]; different: number }

const compare = (page: Page, input: readonly [string, string, number]) =>
  page.evaluate<Compared>(`(${DECODE})(${JSON.stringify(input)})`)

/** Where a recording of the tier differs from the song by far more than it does mostly, seconds. */
function lostIn(recording: Float32Array, source: Float32Array): number[] {
  const begin = recording.findIndex((v) => Math.abs(v) > 0.001)
  const sound = recording.subarray(Math.max(0, begin - 4000))
  const at = sound.subarray(Math.max(0, lagOf(source.subarray(0, 2 * RATE_HZ), sound, 6000)))
  const step = RATE_HZ / 50
  const parts = Array.from({ length: Math.floor(source.length / step) }, (_, i) =>
    errorBetween(source, at, i * step, (i + 1) * step),
  )
  const usual = parts.toSorted((a, b) => a - b)[parts.length >> 1] as number
  return parts.flatMap((error, i) => (error > 4 * usual + 0.01 ? [i / 50] : []))
}

void describe('copies in Chromium', { skip, timeout: 180_000 }, () => {
  let music: Music
  let browser: Browser
  before(async () => {
    music = await startMusic(async (folder) => {
      await makeTune(folder, { name: 'cd.m4a', seconds: SECONDS, args: [...AAC, '-ar', '44100'] })
      await makeTune(folder, { name: 'play.m4a', seconds: SECONDS, args: [...AAC, '-ar', '48000'] })
      await makeTune(folder, { name: 'bare.aac', seconds: SECONDS, args: [...AAC, '-ar', '44100'] })
      await makeTune(folder, { name: 'opus.webm', seconds: SECONDS, args: ['-c:a', 'libopus', '-ac', '2'] })
      await makeTune(folder, { name: 'flac.mka', seconds: SECONDS, args: ['-c:a', 'flac', '-ac', '2', '-ar', '44100'] })
    })
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    await music?.[Symbol.asyncDispose]()
  })

  async function bytes(title: string, path: string): Promise<Buffer> {
    const answer = await music.fetch(title, path)
    assert.equal(answer.status, 200, path)
    return Buffer.from(await answer.arrayBuffer())
  }
  async function tier(title: string): Promise<Buffer> {
    const list = readPlaylist((await bytes(title, '/hls/copy-aac/index.m3u8')).toString())
    const segments = list.entries.map(({ uri }) => bytes(title, `/hls/copy-aac/${uri}`))
    return Buffer.concat([await bytes(title, '/hls/copy-aac/init.mp4'), ...(await Promise.all(segments))])
  }

  it('decode to the very samples of the song, from the first to the last', async () => {
    const page = await browser.newPage()
    const cases = [
      ['cd.m4a', () => tier('cd.m4a'), 44_100],
      ['play.m4a', () => tier('play.m4a'), 48_000],
      ['bare', () => bytes('bare', '/stream?container=mp4'), 44_100],
      ['opus.webm', () => bytes('opus.webm', '/stream?container=ogg'), 48_000],
      ['flac.mka', () => bytes('flac.mka', '/stream?container=flac'), 44_100],
    ] as const
    for (const [title, copy, rateHz] of cases) {
      const files = [await bytes(title, '/stream'), await copy()].map((file) => file.toString('base64'))
      const { samples, different } = await compare(page, [files[0] as string, files[1] as string, rateHz])
      assert.ok(samples[0] - samples[1] <= (title.endsWith('m4a') ? ROUNDED_SAMPLES : 0), `${title}: ${samples.join()}`)
      assert.ok(samples[1] <= samples[0])
      assert.equal(different, 0, title)
    }
    await page.close()
  })

  it('hls.js plays the tier to its end, whole where segments meet, and at any place', async (t) => {
    const made = await (await music.app.as('admin')).post(`/songs/${music.id('play.m4a')}/links`, {})
    const { hlsUrl } = made.body as { hlsUrl: string }
    const player = await openPlayer(browser, music.app.url)
    const levels = await player.load(`${hlsUrl}&copy=true`, { startLevel: 1 })
    assert.deepEqual(
      levels.map(({ codec }) => codec),
      ['mp4a.40.2', 'mp4a.40.2'],
    )
    await player.setLevel(1)
    await player.record()
    const source = await heard(`${music.folder}/play.m4a`)
    let torn = [1, 2, 3, 4].map((n) => n * PIECE_SEC - AAC_DELAY_SEC)
    for (let count = 1; torn.length > 0 && count <= RECORDINGS_MAX; count++) {
      await player.playFrom(0)
      const { durationSec } = await player.toTheEnd(SECONDS * 1000 + 20_000)
      assert.ok(Math.abs(durationSec - SECONDS) < 2 / RATE_HZ, `${durationSec} s`)
      const lost = lostIn(await player.recorded(), source)
      t.diagnostic(`recording ${count}: lost at ${lost.join(', ') || 'no place'}`)
      torn = torn.filter((border) => lost.some((sec) => Math.abs(sec - border) < 0.06))
    }
    assert.deepEqual(torn, [], 'borders at which no recording was whole')
    await player.playFrom(0)
    for (const sec of [7.1, 0.5, 4.9, 2.2, 8.3]) await player.seek(sec, SEEK_MS_MAX)
    assert.ok((await player.levels()).every((level) => level === 1))
    assert.deepEqual(
      (await player.faults()).filter(([, details]) => details !== 'aborted'),
      [],
    )
    await player.close()
  })
})
