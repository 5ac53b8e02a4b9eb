import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { findWasm } from '#kernel/media/find-ffmpeg.ts'
import { taggedMp3 } from '#test/fixtures/audio.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import { allSongs, assertJobsWell, eventually, makeHouse, needsProc, type Product, scanned } from './house.ts'

const SECONDS = 12
/** No FFmpeg is on the path, nor anything else. */
const NO_PATH = { PATH: '/nonexistent', FFMPEG_BIN: undefined, LOG_LEVEL: 'info' }
/** And its npm package cannot be found, as where it was not installed. */
const HIDE_PACKAGE = `
  import { registerHooks } from 'node:module'
  registerHooks({ resolve(name, context, next) {
    if (name.startsWith('@ffmpeg/')) throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  } })`
const hidden = { ...NO_PATH, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(HIDE_PACKAGE)}` }

const asks =
  ({ base }: Product, token: string) =>
  (path: string) =>
    fetch(`${base}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })

type Problem = { code: string; detail: string }

test(
  'without any FFmpeg music is found, shown and played; with the WebAssembly one everything works',
  needsProc,
  async (t) => {
    const house = makeHouse(t)
    const wav = tuneWav(SECONDS)
    await writeFile(join(house.music, 'tune.wav'), wav)
    await writeFile(join(house.music, 'silent.mp3'), taggedMp3({ TIT2: 'Silent Night', TPE1: 'Nobody' }, { sec: 3 }))
    const bare = await house.start(hidden)
    const admin = await house.admin(bare)
    await scanned(admin, 2)
    const tune = (await allSongs(admin)).find((s) => s.title === 'tune')?.id
    const ask = asks(bare, admin.token)
    const original = Buffer.from(await (await ask(`/songs/${tune}/stream`)).arrayBuffer())
    assert.ok(original.equals(wav))
    const found = (await admin.get('/search?q=silent+nihgt')).body['songs'] as { title: string; artist: string }[]
    assert.deepEqual([found[0]?.title, found[0]?.artist], ['Silent Night', 'Nobody'])
    for (const query of ['?quality=low', '?quality=high', '?format=opus']) {
      const refused = await ask(`/songs/${tune}/stream${query}`)
      const { code, detail } = (await refused.json()) as Problem
      assert.ok(
        ['503 media_tools_missing', '422 codec_unavailable'].includes(`${refused.status} ${code}`),
        `${refused.status} ${code}`,
      )
      assert.match(detail, /FFmpeg/)
    }
    const waiting = await admin.get(`/songs/${tune}/analysis`)
    assert.deepEqual([waiting.status, waiting.body['status']], [202, 'pending'])
    assert.match(String(waiting.body['detail']), /FFmpeg.*install/i)
    const health = await (await fetch(`${bare.base}/health`)).text()
    assert.match(health, /none/)
    await assertJobsWell(house)
    assert.equal(await bare.end('SIGTERM'), 0)

    if (!findWasm()) return t.skip('@ffmpeg/core is not installed')
    const wasm = await house.start(NO_PATH)
    assert.match(wasm.said(), /"driver":"wasm"/)
    const again = asks(wasm, admin.token)
    const mp3 = await again(`/songs/${tune}/stream?quality=medium`)
    const bytes = Buffer.from(await mp3.arrayBuffer())
    assert.deepEqual([mp3.status, bytes.length], [200, Number(mp3.headers.get('content-length'))])
    assert.equal(bytes.readUInt16BE(0) & 0xffe0, 0xffe0, 'an MP3 frame')
    await eventually(
      async () =>
        ((await (await again(`/songs/${tune}/analysis`)).json()) as { status: string }).status === 'completed',
      'what had waited to be analysed',
      30_000,
    )
    const refused = await again(`/songs/${tune}/stream?format=opus`)
    assert.deepEqual([refused.status, ((await refused.json()) as Problem).code], [422, 'codec_unavailable'])
    await eventually(
      async () => {
        const queue = (await (await again('/analysis/queue')).json()) as { waiting: number; processing: number }
        return queue.waiting + queue.processing === 0
      },
      'all analyses',
      30_000,
    )
    assert.equal(await wasm.end('SIGTERM'), 0)
    assert.deepEqual(wasm.helpers(), [])
  },
)
