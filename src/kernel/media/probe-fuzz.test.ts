import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { id3Picture, png, taggedMp3, tempFolder, wavTone } from '#test/fixtures/audio.ts'
import type { AppError } from '#kernel/errors.ts'
import { createMedia, type Media } from './index.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let media: Media
before(async () => {
  folder = await tempFolder()
  media = await createMedia({ driver: 'none' })
})
after(async () => {
  await media.close()
  await folder.remove()
})

test('files with broken bytes: every one gets an answer, and no process is lost to it', async () => {
  const cover = id3Picture('image/png', png(20, 20))
  const originals = [
    taggedMp3({ TIT2: 'Title', TPE1: ['A', 'B'], APIC: cover, USLT: Buffer.from('\x03eng\0[00:01.50]Sung') }),
    wavTone({ sec: 0.1 }),
  ]
  const random = seeded(7)
  const results = Array.from({ length: 400 }, async (_, i) => {
    const bytes = Buffer.from(originals[i % originals.length] ?? '')
    for (let n = 0; n <= i % 20; n++)
      bytes[Math.floor(random() * Math.min(bytes.length, 400))] = Math.floor(random() * 256)
    const path = join(folder.path, `fuzz-${i}.mp3`)
    await writeFile(path, bytes.subarray(0, Math.ceil(random() * bytes.length)))
    const counted = media.timeline(path).then(
      (timeline) => timeline.samples,
      (thrown: unknown) => (thrown as AppError).code,
    )
    return { ...(await media.probe(path)), counted: await counted }
  })
  for (const { counted, ...result } of await Promise.all(results)) {
    if (typeof counted === 'number') assert.ok(counted >= 1)
    else assert.match(counted, /^media_(unreadable|empty)$/)
    if (result.ok) assert.match(result.contentHash, /^[0-9a-f]{32}$/)
    else assert.ok(!['crashed', 'timeout'].includes(result.reasonCode), result.reason)
  }
})

/** Numbers from 0 to 1, the same ones each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
