/** Chromium plays exactly the music: it leaves out what the encoder put before and after. */
import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { createMedia, type Media } from '#kernel/media/index.ts'
import { tempFolder } from '#test/fixtures/audio.ts'
import { chromiumPath, startBrowser } from '#test/web/product.ts'
import { profileOf } from '../../profiles.ts'
import { type Layout, packetsIn, samplesToFeed } from '../layout.ts'
import { splitterOf } from '../packets/index.ts'
import { fmp4 } from './fmp4.ts'
import { layoutFor, makeTune, nameOf, needsFfmpeg, type Source, whole, writeTune } from './testing.ts'

const SHAPE = { sampleRateHz: 48_000, channels: 2, bits: 16 } as const
const TUNE_SEC = 5.123
const CLICK_MOVED_SAMPLES_MAX = 3

const isMissing = !chromiumPath() && process.env['TUTTI_TEST_FULL'] !== '1'
const skip = isMissing ? 'this machine has no Chromium' : needsFfmpeg.skip

/** Texts that run in the page: the types of a browser are not those of the server. */
const BYTES = `(base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))`

type Decoded = { samples: number; firstClick: number }
/** How many samples a file has, and where it rises most steeply near a place. */
const DECODE = `async ({ base64, near }) => {
  const audio = await new OfflineAudioContext(2, 1, 48_000).decodeAudioData((${BYTES})(base64).buffer)
  const sound = audio.getChannelData(0)
  const rise = (at) => sound[at] - sound[at - 1]
  let firstClick = near - 200
  for (let at = firstClick; at < near + 200; at++) if (rise(at) > rise(firstClick)) firstClick = at
  return { samples: audio.length, firstClick }
}`

type Buffered = { startSec: number; endSec: number; ranges: number }
/** What a player with media source extensions holds of segments. */
const BUFFER = `async ({ segments, type }) => {
  const source = new MediaSource()
  const audio = new Audio()
  audio.src = URL.createObjectURL(source)
  await new Promise((resolve) => source.addEventListener('sourceopen', resolve, { once: true }))
  const buffer = source.addSourceBuffer(type)
  for (const segment of segments) {
    const over = new Promise((resolve, reject) => {
      buffer.addEventListener('update', resolve, { once: true })
      buffer.addEventListener('error', reject, { once: true })
    })
    buffer.appendBuffer((${BYTES})(segment))
    await over
  }
  const { buffered } = buffer
  return { ranges: buffered.length, startSec: buffered.start(0), endSec: buffered.end(buffered.length - 1) }
}`
const inPage = <T>(page: Page, text: string, input: object): Promise<T> =>
  page.evaluate<T>(`(${text})(${JSON.stringify(input)})`)

void describe('in Chromium', { skip, timeout: 60_000 }, () => {
  const tune = makeTune(SHAPE, TUNE_SEC)
  let browser: Browser
  let page: Page
  let media: Media
  let folder: Awaited<ReturnType<typeof tempFolder>>
  let source: Source
  before(async () => {
    ;[browser, media, folder] = await Promise.all([startBrowser(), createMedia({ driver: 'native' }), tempFolder()])
    page = await browser.newPage()
    source = await writeTune(media, nameOf(folder.path, 'tune.wav'), tune)
  })
  after(async () => {
    await browser?.close()
    await media?.close()
    await folder?.remove()
  })

  for (const profile of [
    profileOf('mp3', 128),
    profileOf('opus', 128),
    profileOf('aac', 128),
    profileOf('flac', undefined),
  ])
    it(`${profile.name} decodes to exactly the music`, async () => {
      const layout = layoutFor(profile, source)
      const base64 = (await whole(media, source, layout)).toString('base64')
      const [near = 0] = tune.clicks
      const decoded = await inPage<Decoded>(page, DECODE, { base64, near })
      assert.equal(decoded.samples, layout.samples)
      assert.ok(Math.abs(decoded.firstClick - near) <= CLICK_MOVED_SAMPLES_MAX)
    })

  /** Segments of fragmented MP4, also of Opus. */
  async function segmentsOf(layout: Layout): Promise<Buffer[]> {
    const { stream } = await media.encode(source.file, {
      ...layout,
      codec: layout.profile.codec,
      bitrateKbps: layout.profile.kbps,
      startSample: 0,
      samples: samplesToFeed(layout, 0),
      timeline: source.timeline,
      container: source.container,
    })
    const packets = splitterOf(layout, 0)(await buffer(stream))
    return Array.from({ length: layout.pieces }, (_, piece) => {
      const first = piece * layout.packetsPerPiece
      return fmp4.pack(layout, piece, packets.slice(first, first + packetsIn(layout, piece)))
    })
  }
  for (const [profile, codecs] of [
    [profileOf('aac', 128), 'mp4a.40.2'],
    [profileOf('opus', 128), 'opus'],
    [profileOf('flac', undefined), 'flac'],
  ] as const)
    it(`${profile.name}: segments that come in any order fill the time from 0 to the end of the music`, async () => {
      const layout = layoutFor(profile, source)
      const appended = [fmp4.header(layout), ...(await segmentsOf(layout)).toReversed()]
      const segments = appended.map((bytes) => bytes.toString('base64'))
      const type = `audio/mp4; codecs="${codecs}"`
      const { ranges, startSec, endSec } = await inPage<Buffered>(page, BUFFER, { segments, type })
      assert.equal(ranges, 1)
      assert.equal(startSec, 0)
      assert.ok(Math.abs(endSec - layout.samples / layout.sampleRateHz) < 2e-6, `ends at ${endSec}`)
    })
})
