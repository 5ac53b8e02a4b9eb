/**
 * A storm of seeks in hls.js in Chromium: each to a place nobody has made yet, until it sounds there.
 *   npm run bench -- hls [--seeks 50]
 */
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { makeTune } from '#modules/streaming/testing.ts'
import { openPlayer } from '#test/web/hls-page.ts'
import { startBrowser } from '#test/web/product.ts'
import { quantile, startWorld, type World } from '../load/world.ts'

const SEEK_MS_MAX = 300
const LIMIT_MS = 20_000
const LONG_SEC = 3600
/** Far enough that no encoder of an earlier seek has been there. */
const APART_SEC = 60

const { values } = parseArgs({ options: { seeks: { type: 'string', default: '50' } } })
const seeks = Number(values.seeks)

type Signed = { hlsUrl: string }

async function signed({ music }: World, title: string): Promise<string> {
  const { body } = await (await music.app.as('admin')).post(`/songs/${music.id(title)}/links`, {})
  return (body as Signed).hlsUrl
}

/** The same places in every run, in an order that jumps about. */
const places = Array.from({ length: seeks }, (_, i) => 30 + ((i * 23) % seeks) * APART_SEC + 7 * Math.sin(i))

/** The segment of the place alone, without a player: what of the time is the server's. */
async function segments(base: string, playlist: string, atSec: readonly number[]): Promise<number[]> {
  const text = await (await fetch(new URL(playlist, base))).text()
  const tier = text.split('\n').find((line) => line !== '' && !line.startsWith('#')) as string
  const media = new URL(tier, new URL(playlist, base))
  const list = (await (await fetch(media)).text()).split('\n')
  const urls = list.filter((line) => line !== '' && !line.startsWith('#'))
  const lengths = list.filter((line) => line.startsWith('#EXTINF:')).map((line) => Number.parseFloat(line.slice(8)))
  const took: number[] = []
  for (const sec of atSec) {
    let [index, endSec] = [0, lengths[0] ?? 0]
    while (endSec <= sec && index < urls.length - 1) endSec += lengths[++index] as number
    const startedAt = performance.now()
    const answer = await fetch(new URL(urls[index] as string, media))
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${answer.status} for a segment`)
    took.push(performance.now() - startedAt)
    // The encoder that works ahead for nobody is over.
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
  return took
}

function tell(what: string, ms: readonly number[]): void {
  const at = (share: number) => quantile(ms, share).toFixed(0)
  console.log(`${what.padEnd(44)} p50 ${at(0.5)}  p95 ${at(0.95)}  most ${at(1)} ms`)
}

async function storm(world: World, browser: Browser): Promise<number[]> {
  const player = await openPlayer(browser, world.music.app.url)
  await player.load(await signed(world, 'storm.flac'))
  await player.playFrom(0)
  const took: number[] = []
  for (const sec of places) took.push(await player.seek(sec, LIMIT_MS))
  await player.close()
  return took
}

const makeLong = async (folder: string) => {
  for (const name of ['storm.flac', 'bare.flac'])
    await makeTune(folder, { name, seconds: LONG_SEC, args: ['-ac', '2', '-compression_level', '0'] })
}
const world = await startWorld(0, { also: makeLong })
const browser = await startBrowser()
try {
  const alone = await segments(world.music.app.url, await signed(world, 'bare.flac'), places.slice(0, 15))
  tell('a segment that nobody has made, by itself', alone)
  const took = await storm(world, browser)
  tell(`${seeks} seeks in hls.js until it sounds`, took)
  const isGood = quantile(took, 0.95) <= SEEK_MS_MAX
  console.log(`${isGood ? '✓' : '✗'} mark: p95 ≤ ${SEEK_MS_MAX} ms`)
  process.exitCode = isGood ? 0 : 1
} finally {
  await browser.close()
  await world.stop()
}
