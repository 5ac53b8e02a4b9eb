import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { skipWithoutFfmpeg, tempFolder, writeSweep } from '#test/fixtures/audio.ts'
import { createMedia, type Media } from './index.ts'

const RATE_HZ = 48_000
const FRAME_SAMPLES = 1152
const BLOCK_SEC = 60
const BLOCKS = 180
/** Two hours and fifty minutes: a grid line. */
const PLACE_SEC = 10_200

let folder: Awaited<ReturnType<typeof tempFolder>>
let media: Media
before(async () => {
  folder = await tempFolder()
  media = await createMedia({ driver: 'native' })
})
after(async () => {
  await media.close()
  await folder.remove()
})

/** Three hours of a variable bit rate: a minute, over and over. */
async function writeLong(): Promise<string> {
  const block = join(folder.path, 'block.mp3')
  // Frames of 24 ms: a minute is a whole number of them.
  const args = ['-q:a', '0', '-write_xing', '0', '-id3v2_version', '0', '-frames:a', String((BLOCK_SEC * 1000) / 24)]
  await writeSweep(block, { seconds: BLOCK_SEC, rateHz: RATE_HZ, channels: 2, args })
  const path = join(folder.path, 'long.mp3')
  const file = await open(path, 'w')
  const bytes = await readFile(block)
  for (let i = 0; i < BLOCKS; i++) await file.write(bytes)
  await file.close()
  return path
}

test('a place at 2 h 50 of a 3 h VBR file sounds as it does when everything before it is decoded', {
  skip: skipWithoutFfmpeg(),
}, async () => {
  const path = await writeLong()
  const timeline = await media.timeline(path)
  const blockFrames = (timeline.frames?.count ?? 0) / BLOCKS
  assert.ok(Number.isInteger(blockFrames))
  assert.equal(timeline.samples, blockFrames * BLOCKS * FRAME_SAMPLES)

  const job = await media.encode(path, {
    codec: 'wav',
    sampleRateHz: RATE_HZ,
    channels: 2,
    bits: 16,
    packetSamples: FRAME_SAMPLES,
    startSample: PLACE_SEC * RATE_HZ,
    samples: RATE_HZ,
    timeline,
    container: 'mp3',
  })
  const made = await buffer(job.stream)
  await job.exit

  // The same place of the second block, which sounds like that of every later one.
  const blockSamples = blockFrames * FRAME_SAMPLES
  const within = blockSamples + ((PLACE_SEC * RATE_HZ) % blockSamples)
  const args = [
    '-v',
    'fatal',
    '-f',
    'mp3',
    '-i',
    path,
    '-af',
    `atrim=start_sample=${within}:end_sample=${within + RATE_HZ}`,
  ]
  const there = execFileSync('ffmpeg', [...args, '-c:a', 'pcm_s16le', '-f', 's16le', 'pipe:1'], { maxBuffer: 1e8 })
  assert.equal(there.length, RATE_HZ * 4)
  assert.ok(made.equals(there))
})
