import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Music, makeTune, needsFfmpeg, startMusic } from '../testing.ts'

let music: Music
if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      await makeTune(folder, { name: 'a.flac', seconds: 5, args: ['-ar', '48000', '-sample_fmt', 's32'] })
      await makeTune(folder, {
        name: 'b.ogg',
        seconds: 5,
        args: ['-ac', '2', '-ar', '44100', '-c:a', 'libvorbis', '-q:a', '3'],
      })
      await makeTune(folder, { name: 'c.m4a', seconds: 5, args: ['-c:a', 'aac', '-b:a', '96k'] })
      await makeTune(folder, { name: 'd.mp3', seconds: 5, args: ['-b:a', '128k'] })
    })
  })
  after(() => music?.[Symbol.asyncDispose]())
}
type Way = { url: string; mimeType: string }
type Playback = {
  decision: string
  reason: string
  why: string
  use: 'stream' | 'hls'
  stream: (Way & { codec: string; bitrateKbps: number; lossless: boolean }) | null
  hls: Way | null
  dash: Way | null
  coverUrl: string | null
  expiresAt: string | null
}
async function playback(title: string, query: string, userAgent = ''): Promise<Playback> {
  const answer = await music.fetch(title, `/playback?${query}`, { headers: { 'user-agent': userAgent } })
  assert.equal(answer.status, 200)
  return (await answer.json()) as Playback
}
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1'
const ask = (title: string, url: string) => music.fetch(title, url.replace(/^.*\/songs\/[^/]*/, ''))

test('what is answered is there, and of the type that was said', needsFfmpeg, async () => {
  for (const [title, query, expected] of [
    ['a.flac', 'client=browser', 'original plays_as_is'],
    ['b.ogg', 'client=ios', 'transcode codec_not_played'],
    ['b.ogg', 'client=android&maxBitrateKbps=64', 'transcode bitrate_limit'],
    ['c.m4a', 'codecs=mp3', 'transcode codec_not_played'],
    ['a.flac', 'client=browser&network=slow', 'transcode network_limit'],
    ['a.flac', 'client=browser&lossless=false', 'transcode lossless_declined'],
    ['d.mp3', 'codecs=opus', 'transcode codec_not_played'],
  ] as const) {
    const found = await playback(title, query)
    assert.equal(`${found.decision} ${found.reason}`, expected, query)
    for (const way of [found.stream, found.hls, found.dash]) {
      if (!way) continue
      const answer = await ask(title, way.url)
      assert.equal(answer.status, 200, way.url)
      assert.equal(answer.headers.get('content-type'), way.mimeType, way.url)
      await answer.body?.cancel()
    }
  }
})

test('a player that says nothing is known by its User-Agent', needsFfmpeg, async () => {
  const iphone = await playback('b.ogg', '', IPHONE)
  assert.deepEqual([iphone.decision, iphone.stream?.codec], ['transcode', 'mp3'])
  assert.equal((await playback('b.ogg', '', 'Mozilla/5.0 Firefox/143.0')).decision, 'original')
  assert.equal((await playback('b.ogg', 'codecs=audio/ogg;codecs%3Dvorbis', IPHONE)).decision, 'original')
})

test('limits and wishes go into the addresses', needsFfmpeg, async () => {
  const limited = await playback('a.flac', 'client=browser&maxBitrateKbps=64')
  assert.match(limited.stream?.url ?? '', /\/stream\?format=opus&quality=low$/)
  assert.match(limited.hls?.url ?? '', /\/hls\/master\.m3u8\?maxBitrateKbps=64$/)
  const whole = await playback('a.flac', 'client=chromecast&lossless=true')
  assert.match(whole.hls?.url ?? '', /\?lossless=true$/)
})

test('signed addresses work without any header, for as long as was asked', needsFfmpeg, async () => {
  const found = await playback('b.ogg', 'client=ios&signed=true&lifeSec=600')
  const leftSec = (Date.parse(found.expiresAt ?? '') - Date.now()) / 1000
  assert.ok(leftSec > 500 && leftSec <= 600, `${leftSec}`)
  for (const way of [found.stream, found.hls, found.dash]) {
    assert.match(way?.url ?? '', /[?&]link=[\w-]+$/)
    const answer = await fetch(music.app.url + (way as Way).url)
    assert.equal(answer.status, 200, way?.mimeType ?? 'no such way')
    await answer.body?.cancel()
  }
  const plain = await playback('b.ogg', 'client=ios')
  assert.equal(plain.expiresAt, null)
  assert.doesNotMatch(JSON.stringify(plain), /link=/)
})

test('questions that make no sense are refused', needsFfmpeg, async () => {
  for (const query of [
    'client=toaster',
    'network=string',
    'maxBitrateKbps=1',
    'lossless=perhaps',
    `codecs=${'x'.repeat(2001)}`,
    'lifeSec=1',
  ])
    assert.equal((await music.fetch('a.flac', `/playback?${query}`)).status, 400, query)
})
