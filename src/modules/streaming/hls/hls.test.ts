import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Music, makeTune, needsFfmpeg, startMusic } from '../testing.ts'
import { boxAt, readPlaylist, secondsOf, sum } from './testing.ts'

const SECONDS = 25.3
let music: Music

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      await makeTune(folder, { name: 'a.flac', seconds: SECONDS })
      await makeTune(folder, { name: 'small.mp3', seconds: 9, args: ['-b:a', '64k'] })
    })
  })
  after(() => music?.[Symbol.asyncDispose]())
}
const text = async (title: string, path: string, headers: Record<string, string> = {}) => {
  const answer = await music.fetch(title, path, { headers })
  const body = await answer.text()
  assert.equal(answer.status, 200, body)
  return { answer, body }
}
const bytes = async (title: string, path: string) => {
  const answer = await music.fetch(title, path)
  const body = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200, body.toString())
  return { answer, body }
}

test('what it takes to play a song: playlists, the init segment and all segments', needsFfmpeg, async () => {
  const { body } = await text('a.flac', '/hls/master.m3u8')
  const master = readPlaylist(body)
  assert.deepEqual(
    master.entries.map((e) => e.uri),
    ['aac-128/index.m3u8', 'aac-64/index.m3u8', 'aac-256/index.m3u8'],
  )
  const media = readPlaylist((await text('a.flac', '/hls/aac-64/index.m3u8')).body)
  assert.ok(Math.abs(sum(secondsOf(media)) - SECONDS) < 1 / 44_100)
  const init = await bytes('a.flac', '/hls/aac-64/init.mp4')
  assert.equal(boxAt(init.body, 'ftyp').toString('latin1', 0, 4), 'iso6')
  for (const { uri } of media.entries) {
    const segment = await bytes('a.flac', `/hls/aac-64/${uri}`)
    boxAt(segment.body, 'mdat')
  }
})
