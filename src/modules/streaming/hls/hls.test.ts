import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { makeTune as makePcm } from '../renditions/containers/testing.ts'
import { ffmpeg, type Music, makeTune, needsFfmpeg, startMusic } from '../testing.ts'
import { attributesOf, boxAt, boxesIn, readPlaylist, runOf, secondsOf, sum, valuesOf } from './testing.ts'
import { errorBetween, heard, lagOf, RATE_HZ } from './testing-decode.ts'

const SECONDS = 25.3
const TIERS = ['aac-64', 'aac-128', 'aac-256', 'flac'] as const
let music: Music

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      const pcm = makePcm({ sampleRateHz: 48_000, channels: 2, bits: 16 }, SECONDS, 0)
      const raw = join(folder, '.loud.raw')
      await writeFile(raw, pcm.pcm)
      const shape = ['-f', 's16le', '-ar', '48000', '-ac', '2']
      await ffmpeg(...shape, '-i', raw, '-metadata', 'title=loud.flac', join(folder, 'loud.flac'))
      await rm(raw)
      await makeTune(folder, { name: 'tune.flac', seconds: 7 })
      await makeTune(folder, { name: 'small.mp3', seconds: 9, args: ['-b:a', '64k'] })
      await makeTune(folder, { name: 'tiny.flac', seconds: 0.05 })
    })
  })
  after(() => music?.[Symbol.asyncDispose]())
}

async function get(title: string, path: string, headers: Record<string, string> = {}) {
  const answer = await music.fetch(title, path, { headers })
  const body = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200, body.toString())
  return { answer, body }
}
const master = async (title: string, query = '') =>
  readPlaylist((await get(title, `/hls/master.m3u8${query}`)).body.toString())
const media = async (title: string, tier: string) =>
  readPlaylist((await get(title, `/hls/${tier}/index.m3u8`)).body.toString())
const urisOf = (p: { entries: readonly { uri: string }[] }) => p.entries.map((e) => e.uri)
const status = async (title: string, path: string) => {
  const answer = await music.fetch(title, path)
  const problem = answer.headers.get('content-type')?.includes('problem')
  const code = problem ? ((await answer.json()) as { code: string }).code : void (await answer.arrayBuffer())
  return [answer.status, code]
}
/** All segments of a tier, in order. */
async function segments(title: string, tier: string): Promise<Buffer[]> {
  const all: Buffer[] = []
  for (const uri of urisOf(await media(title, tier))) all.push((await get(title, `/hls/${tier}/${uri}`)).body)
  return all
}

const bps = (bytes: Buffer, seconds: number) => (bytes.length * 8) / seconds

describe('rules of RFC 8216bis and of Apple for segments', needsFfmpeg, () => {
  const made = new Map<string, { init: Buffer; all: Buffer[]; seconds: number[]; line: Record<string, string> }>()
  before(async () => {
    const listed = await master('loud.flac', '?lossless=true')
    for (const tier of TIERS) {
      const at = listed.entries.findIndex((e) => e.uri.startsWith(`${tier}/`))
      const line = attributesOf(valuesOf(listed.tags, 'EXT-X-STREAM-INF')[at] ?? '')
      const init = (await get('loud.flac', `/hls/${tier}/init.mp4`)).body
      const seconds = secondsOf(await media('loud.flac', tier))
      made.set(tier, { init, all: await segments('loud.flac', tier), seconds, line })
    }
  })
  const each = (check: (tier: string, m: NonNullable<ReturnType<typeof made.get>>) => void) => () => {
    assert.equal(made.size, TIERS.length)
    for (const [tier, m] of made) check(tier, m)
  }
  const RULES: readonly (readonly [string, () => void])[] = [
    [
      'RFC 8216bis 3.1.2: the init segment is ftyp and moov, without samples',
      each((_, { init }) => {
        assert.deepEqual(
          boxesIn(init).map((b) => b.type),
          ['ftyp', 'moov'],
        )
        assert.match(boxAt(init, 'ftyp').toString('latin1'), /iso[6-9]/)
        assert.equal(boxAt(init, 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stsz').readUInt32BE(8), 0)
        boxAt(init, 'moov', 'mvex')
      }),
    ],
    [
      'RFC 8216bis 3.1.2: each segment has fragments with tfdt, and no moov',
      each((_, { all }) => {
        for (const segment of all) {
          const types = boxesIn(segment).map((b) => b.type)
          assert.ok(!types.includes('moov') && types.includes('moof') && types.at(-1) === 'mdat', types.join())
          boxAt(segment, 'moof', 'traf', 'tfdt')
        }
      }),
    ],
    [
      'RFC 8216bis BANDWIDTH: no segment needs more',
      each((tier, { all, seconds, line }) => {
        const peak = Math.max(...all.map((s, i) => bps(s, seconds[i] as number)).slice(0, -1))
        assert.ok(peak <= Number(line['BANDWIDTH']), `${tier}: ${peak} of ${line['BANDWIDTH']}`)
      }),
    ],
    [
      'Apple 1.26, 1.27: AAC is within a tenth of its declared mean and peak',
      each((tier, { all, seconds, line }) => {
        if (tier === 'flac') return
        const mean = bps(Buffer.concat(all), sum(seconds)) / Number(line['AVERAGE-BANDWIDTH'])
        const peak =
          Math.max(...all.slice(0, -1).map((s, i) => bps(s, seconds[i] as number))) / Number(line['BANDWIDTH'])
        assert.ok(mean > 0.9 && mean < 1.1, `${tier}: mean ${mean}`)
        assert.ok(peak > 0.9 && peak <= 1, `${tier}: peak ${peak}`)
      }),
    ],
    [
      'Apple 2.17, 2.25: one track of audio, AAC-LC or FLAC, in fragmented MP4',
      each((tier, { init }) => {
        const tracks = boxesIn(boxAt(init, 'moov')).filter((b) => b.type === 'trak')
        assert.equal(tracks.length, 1)
        const stsd = boxAt(init, 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd')
        assert.equal(stsd.toString('latin1', 12, 16), tier === 'flac' ? 'fLaC' : 'mp4a')
      }),
    ],
    [
      'Apple 7.1, 7.3: each segment begins where the one before ends',
      each((tier, { all, init }) => {
        const trex = boxAt(init, 'moov', 'mvex', 'trex').readUInt32BE(12)
        let at = 0
        for (const segment of all) {
          const run = runOf(segment, trex)
          assert.equal(run.decodeTime, at, tier)
          at += run.samples
        }
        const delay = tier === 'flac' ? 0 : 1024
        assert.equal(at - delay, Math.round(SECONDS * RATE_HZ), 'all of it is the music and the delay')
      }),
    ],
    [
      'RFC 8216bis 6.2.4: the same music has the same times in all tiers of a codec',
      () => {
        const times = TIERS.slice(0, 3).map((tier) => made.get(tier)?.all.map((s) => runOf(s, 1024).decodeTime))
        for (const other of times) assert.deepEqual(other, times[0])
      },
    ],
  ]
  for (const [name, check] of RULES) test(name, check)
})

test('types, caching and compression of what is answered', needsFfmpeg, async () => {
  const v = attributesOf(valuesOf((await media('loud.flac', 'aac-64')).tags, 'EXT-X-MAP')[0] ?? '')['URI']?.split(
    '=',
  )[1]
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['/hls/master.m3u8', 'application/vnd.apple.mpegurl', /^private, no-cache$/],
    ['/hls/aac-64/index.m3u8', 'application/vnd.apple.mpegurl', /^private, no-cache$/],
    ['/hls/manifest.mpd', 'application/dash+xml', /^private, no-cache$/],
    ['/hls/aac-64/init.mp4', 'audio/mp4', /^private, no-cache$/],
    [`/hls/aac-64/init.mp4?v=${v}`, 'audio/mp4', /immutable/],
    [`/hls/aac-64/0.m4s?v=${v}`, 'video/iso.segment', /^private, .*immutable/],
  ]
  for (const [path, type, caching] of cases) {
    const { answer, body } = await get('loud.flac', path)
    assert.equal(answer.headers.get('content-type'), type, path)
    assert.match(answer.headers.get('cache-control') ?? '', caching, path)
    assert.equal(answer.redirected, false, 'Apple 8.18: no redirects')
    const etag = answer.headers.get('etag') ?? ''
    assert.match(etag, /^"[\w-]+"$/)
    const again = await music.fetch('loud.flac', path, { headers: { 'if-none-match': etag } })
    assert.equal(again.status, 304, path)
    const part = await music.fetch('loud.flac', path, {
      headers: { range: 'bytes=3-9', 'accept-encoding': 'identity' },
    })
    assert.equal(part.status, 206, path)
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(body.subarray(3, 10)))
  }
})

test('Apple 10.1: playlists come as gzip to who takes it', needsFfmpeg, async () => {
  // `fetch` would say nothing of what it unpacks.
  const { request } = await import('node:http')
  const path = `/api/v1/songs/${music.id('loud.flac')}/hls/aac-64/index.m3u8`
  const raw = (encoding: string) =>
    new Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
      const headers = { authorization: `Bearer ${music.token}`, 'accept-encoding': encoding }
      request(`${music.app.url}${path}`, { headers }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }))
      })
        .on('error', reject)
        .end()
    })
  const [plain, packed, refused] = [await raw('identity'), await raw('br, gzip;q=0.5'), await raw('gzip;q=0, *')]
  assert.equal(packed.headers['content-encoding'], 'gzip')
  assert.equal(packed.headers['vary'], 'Accept-Encoding')
  assert.ok(gunzipSync(packed.body).equals(plain.body))
  assert.notEqual(packed.headers['etag'], plain.headers['etag'])
  assert.equal(refused.headers['content-encoding'], undefined)
})

test('what is not there is not found; another version is gone', needsFfmpeg, async () => {
  const cases: readonly (readonly [string, [number, string]])[] = [
    ['/hls/mp3-128/index.m3u8', [404, 'not_found']],
    ['/hls/aac-65/init.mp4', [404, 'not_found']],
    ['/hls/aac-64/99.m4s', [404, 'not_found']],
    ['/hls/aac-64/-1.m4s', [400, 'invalid_input']],
    ['/hls/aac-64/x.m4s', [400, 'invalid_input']],
    ['/hls/aac-64/0.m4s?v=other', [410, 'rendition_changed']],
    ['/hls/aac-64/init.mp4?v=other', [410, 'rendition_changed']],
    ['/hls/master.m3u8?startSec=-1', [400, 'invalid_input']],
  ]
  for (const [path, expected] of cases) assert.deepEqual(await status('loud.flac', path), expected, path)
})

const tiers = async (title: string, query = '') => urisOf(await master(title, query)).map((u) => u.split('/')[0])
const startAt = async (query: string) =>
  attributesOf(valuesOf((await master('loud.flac', query)).tags, 'EXT-X-START')[0] ?? '')

test('what is offered depends on the source and on what is asked', needsFfmpeg, async () => {
  assert.deepEqual(await tiers('loud.flac'), ['aac-128', 'aac-64', 'aac-256'])
  assert.deepEqual(await tiers('loud.flac', '?lossless=true'), ['aac-128', 'aac-64', 'aac-256', 'flac'])
  assert.deepEqual(await tiers('loud.flac', '?maxBitrateKbps=130'), ['aac-128', 'aac-64'])
  assert.deepEqual(await tiers('small.mp3', '?lossless=true'), ['aac-64'])
  assert.equal((await startAt('?startSec=12.25'))['TIME-OFFSET'], '12.25')
  assert.equal((await startAt('?startSec=99'))['TIME-OFFSET'], '0', 'behind the end is the beginning')
})

test('a song shorter than a frame is one segment', needsFfmpeg, async () => {
  const list = await media('tiny.flac', 'aac-64')
  const [sec, ...more] = secondsOf(list)
  assert.ok(Math.abs((sec ?? 0) - 0.05) < 0.0001 && more.length === 0, `${sec}`)
  boxAt((await segments('tiny.flac', 'aac-64'))[0] as Buffer, 'mdat')
})

test('HEAD of a segment makes nothing', needsFfmpeg, async () => {
  const isCalm = async () => /transcodes_active 0/.test(await music.app.app.ports.metrics.text())
  await music.app.eventually(isCalm, 'the encoders of the tests before to end')
  const answer = await music.fetch('tune.flac', '/hls/aac-256/0.m4s', { method: 'HEAD' })
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'video/iso.segment'])
  assert.ok(await isCalm())
})

describe('what is heard is the music', needsFfmpeg, () => {
  /** Far above rounding, far below what a gap or a repeat would make of this music. */
  const JOIN_WORSE_MAX = 1.5
  const NEAR = 2048
  const PIECE = 92_160
  const AAC_DELAY = 1024
  let source: Float32Array
  let link: string
  before(async () => {
    source = await heard(join(music.folder, 'loud.flac'))
    const made = await fetch(`${music.app.url}/api/v1/songs/${music.id('loud.flac')}/links`, {
      method: 'POST',
      headers: { authorization: `Bearer ${music.token}` },
    })
    link = ((await made.json()) as { link: string }).link
  })
  const address = (path: string) => `${music.app.url}/api/v1/songs/${music.id('loud.flac')}/hls/${path}?link=${link}`
  /** FFmpeg minds no edit lists of fragments, as browsers do: it gives the delay of AAC, too, and all of the last packet. */
  const withoutDelay = async (input: string, delay: number) =>
    (await heard(input)).subarray(delay, delay + source.length)
  const demuxed = (path: string, delay: number) => withoutDelay(address(path), delay)
  async function joined(tier: string, delay: number): Promise<Float32Array> {
    const path = join(music.app.dataDir, `${tier}.mp4`)
    const { body } = await get('loud.flac', `/hls/${tier}/init.mp4`)
    await writeFile(path, Buffer.concat([body, ...(await segments('loud.flac', tier))]))
    return withoutDelay(path, delay)
  }
  const ways: readonly (readonly [string, () => Promise<Float32Array>, number])[] = [
    ['segments of AAC at 64 kbit/s', () => joined('aac-64', AAC_DELAY), 0.06],
    ['segments of AAC at 256 kbit/s', () => joined('aac-256', AAC_DELAY), 0.03],
    ['segments of FLAC', () => joined('flac', 0), 0],
    ['HLS with AAC', () => demuxed('aac-256/index.m3u8', AAC_DELAY), 0.03],
    ['HLS with FLAC', () => demuxed('flac/index.m3u8', 0), 0],
    ['HLS from its multivariant playlist', () => demuxed('master.m3u8', AAC_DELAY), 0.06],
    ['DASH', () => demuxed('manifest.mpd', AAC_DELAY), 0.06],
  ]
  for (const [name, play, errorMax] of ways)
    test(`${name}: to the sample, without gaps`, async () => {
      const played = await play()
      assert.equal(played.length, source.length)
      assert.equal(lagOf(source, played, 40), 0)
      const overall = errorBetween(source, played, 0, source.length)
      assert.ok(overall <= errorMax, `differs by ${overall}`)
      const begin = errorBetween(source, played, 0, NEAR)
      assert.ok(begin <= overall * JOIN_WORSE_MAX, `${begin} at the beginning, ${overall} elsewhere`)
      for (let at = PIECE - AAC_DELAY; at < source.length - NEAR; at += PIECE) {
        const near = errorBetween(source, played, at - NEAR, at + NEAR)
        assert.ok(near <= overall * JOIN_WORSE_MAX, `${near} at ${at}, ${overall} elsewhere`)
      }
    })
})
