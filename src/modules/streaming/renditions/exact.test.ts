import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createMedia, type MediaSettings } from '#kernel/media/index.ts'
import { ffmpeg, needsFfmpeg, tuneWav } from '../testing.ts'
import { EXACT_SAMPLE_RATE, exactMp3Bytes, FRAMES_OFF_MAX, frameBytes, silentFrame } from './exact.ts'

const folder = await mkdtemp(join(tmpdir(), 'tutti-exact-'))
after(() => rm(folder, { recursive: true, force: true }))

async function made(driver: MediaSettings['driver'], seconds: number, kbps: number): Promise<Buffer> {
  const path = join(folder, `${driver}-${seconds}-${kbps}.wav`)
  await writeFile(path, tuneWav(seconds))
  const media = await createMedia({ driver })
  try {
    const { stream, exit } = await media.transcode(path, {
      codec: 'mp3',
      bitrateKbps: kbps,
      sampleRate: EXACT_SAMPLE_RATE,
    })
    const bytes = Buffer.concat(await stream.toArray())
    await exit
    return bytes
  } finally {
    await media.close()
  }
}

test('frames of every quality have whole bytes', () => {
  assert.deepEqual([64, 128, 320].map(frameBytes), [192, 384, 960])
})

test('an unknown duration promises nothing', () => assert.equal(exactMp3Bytes(0, 128), undefined))

/** Lengths around the border of a frame (24 ms) and of LAME's delay. */
const DURATIONS_MS = [24, 100, 1000, 1007, 1008, 1009, 1031, 1032, 2999, 3017.1]
for (const driver of ['native', 'wasm'] as const)
  test(`what ${driver} FFmpeg makes is as long as was promised, to within a few frames`, needsFfmpeg, async () => {
    const chosen = driver === 'native' ? DURATIONS_MS : DURATIONS_MS.slice(3, 5)
    for (const ms of chosen) {
      const bytes = await made(driver, ms / 1000, 128)
      const promised = exactMp3Bytes(Math.round(ms), 128) as number
      const framesOff = (promised - bytes.length) / frameBytes(128)
      assert.ok(
        Number.isInteger(framesOff) && Math.abs(framesOff) <= FRAMES_OFF_MAX,
        `${ms} ms: ${framesOff} frames off`,
      )
    }
  })

test('a silent frame after music decodes to silence', needsFfmpeg, async () => {
  const music = await made('native', 1, 128)
  const padded = join(folder, 'padded.mp3')
  const silence = Buffer.concat(Array.from({ length: 40 }, () => silentFrame(music, 128)))
  await writeFile(padded, Buffer.concat([music, silence]))
  await ffmpeg('-xerror', '-i', padded, '-f', 's16le', '-ac', '1', '-ar', '48000', `${padded}.raw`)
  const { readFile } = await import('node:fs/promises')
  const raw = await readFile(`${padded}.raw`)
  assert.ok(Math.abs(raw.length / 2 / 1152 - (music.length / 384 + 40)) <= 2, 'every frame was decoded')
  const tail = raw.subarray(raw.length - 30 * 1152 * 2)
  assert.ok(
    tail.every((byte) => byte === 0 || byte === 255),
    'the last frames are silent',
  )
})
