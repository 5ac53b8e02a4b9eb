import assert from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import type { AppError } from '#kernel/errors.ts'
import { makeFile, mp3Silence, nativeFfmpeg, tempFolder, wavTone } from '#test/fixtures/audio.ts'
import { createMedia, type Media } from './index.ts'

const drain = async (parts: AsyncIterable<{ length: number }>): Promise<number> => {
  let length = 0
  for await (const part of parts) length += part.length
  return length
}
const decodeAll = (media: Media, file: string): Promise<number> =>
  drain(media.decode(file, { sampleRate: 22_050, channels: 1 }))
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fine',
    (thrown: unknown) => (thrown as AppError).code,
  )

/** Four seconds of a tone at 44.1 kHz. */
const ENCODE = {
  sampleRateHz: 48_000,
  channels: 1,
  bits: 16,
  packetSamples: 1152,
  startSample: 0,
  samples: 4 * 48_000,
  timeline: { sampleRateHz: 44_100, channels: 1, samples: 4 * 44_100 },
  container: 'wav',
} as const
let folder: Awaited<ReturnType<typeof tempFolder>>
let tone: string
before(async () => {
  folder = await tempFolder()
  tone = join(folder.path, 'tone.wav')
  await writeFile(tone, wavTone({ sec: 4, hz: 500 }))
})
after(() => folder.remove())

test('no more processes than allowed run at once, and closing ends them', async () => {
  const media = await createMedia({ processesMax: 1 })
  if (media.driver === 'none') return
  const long = join(folder.path, 'many.mp3')
  await writeFile(long, mp3Silence({ sec: 3600 }))
  const first = media.decode(long, { sampleRate: 44_100, channels: 2 })
  await first.next()
  const second = codeOf(decodeAll(media, tone))
  await sleep(100)
  assert.equal(media.runs(), 1)
  await media.close()
  assert.equal(await codeOf(first.next()), 'media_closed')
  assert.equal(await second, 'media_closed')
  assert.equal(media.runs(), 0)
})

test('without any FFmpeg: one clear sentence for sound, tags still work', async () => {
  const media = await createMedia({ driver: 'none' })
  assert.deepEqual(media.describe(), { driver: 'none', version: '', encoders: [] })
  assert.equal(await codeOf(decodeAll(media, tone)), 'media_tools_missing')
  assert.equal(await codeOf(media.encode(tone, { ...ENCODE, codec: 'mp3' })), 'media_tools_missing')
  const probed = await media.probe(tone)
  assert.ok(probed.ok && probed.codec === 'pcm')
  await media.close()
})

test('an encoder that is not there is told before anything starts; a wrong FFMPEG_BIN stops the start', async () => {
  const media = await createMedia({ driver: 'wasm' })
  assert.equal(await codeOf(media.encode(tone, { ...ENCODE, codec: 'opus' })), 'codec_unavailable')
  await media.close()
  await assert.rejects(createMedia({ ffmpegBin: '/nowhere/ffmpeg' }), /FFMPEG_BIN names/)
  await assert.rejects(createMedia({ ffmpegBin: process.execPath }), /FFMPEG_BIN names/)
})

test('a transcode of a file that is moved away meanwhile goes on', {
  skip: !nativeFfmpeg() && 'ffmpeg is not installed',
}, async () => {
  const media = await createMedia()
  await mkdir(join(folder.path, 'away'))
  const path = makeFile(folder.path, 'flac', { sec: 2 })
  const job = await media.encode(path, { ...ENCODE, codec: 'mp3' })
  await rename(path, join(folder.path, 'away', 'x.flac'))
  assert.ok((await drain(job.stream)) > 20_000)
  await media.close()
})
