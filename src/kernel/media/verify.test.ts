import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { AppError } from '#kernel/errors.ts'
import { FORMATS, makeFile, mp3Silence, nativeFfmpeg, png, tempFolder, wavTone } from '#test/fixtures/audio.ts'
import { createMedia, type Media } from './index.ts'

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (thrown: unknown) => (thrown as AppError).code,
  )
/** Every so many bytes a run of the same length that is no music. */
const damaged = (bytes: Buffer, everyBytes: number, runBytes: number): Buffer =>
  bytes.map((byte, i) => (i % everyBytes > everyBytes - runBytes ? (i * 7919) & 0xff : byte)) as Buffer

let folder: Awaited<ReturnType<typeof tempFolder>>
const put = async (name: string, bytes: Uint8Array | string): Promise<string> => {
  const path = join(folder.path, name)
  await writeFile(path, bytes)
  return path
}
before(async () => {
  folder = await tempFolder()
})
after(() => folder.remove())

for (const driver of ['native', 'wasm'] as const) {
  const skip = driver === 'native' && !nativeFfmpeg() && 'ffmpeg is not installed'
  describe(`verify by the driver ${driver}`, { skip }, () => {
    let media: Media
    before(async () => {
      media = await createMedia({ driver })
    })
    after(() => media.close())

    test('decodes to the end, tells how far it is, and how long it was', async () => {
      const wav = await put('tone.wav', wavTone({ sec: 4, hz: 500 }))
      assert.deepEqual(await media.verify(wav), { durationMs: 4000 })
      const seen: number[] = []
      const mp3 = await put('long.mp3', mp3Silence({ sec: 60 }))
      const { durationMs } = await media.verify(mp3, { onProgress: (ms) => seen.push(ms) })
      assert.ok(Math.abs(durationMs - 60_000) < 100, `${durationMs}`)
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        seen,
      )
      assert.equal(seen.at(-1), durationMs)
      assert.equal(media.runs(), 0)
    })

    test('takes every format', { skip: !nativeFfmpeg() && 'ffmpeg makes the files' }, async () => {
      // The slow start of the WebAssembly build makes it try one of each family only.
      for (const format of driver === 'native' ? FORMATS : (['ogg', 'm4a'] as const)) {
        const path = makeFile(folder.path, format, {
          sec: 1,
          name: `${driver}-${format}.${format === 'alac' ? 'm4a' : format}`,
        })
        const { durationMs } = await media.verify(path)
        assert.ok(Math.abs(durationMs - 1000) < 150, `${format} ${durationMs}`)
      }
    })

    test('forgives single damaged frames and refuses what is mostly damaged, cut to nothing, or no audio', async () => {
      const music = mp3Silence({ sec: 60 })
      const scratched = await put('scratched.mp3', damaged(music, 60_000, 300))
      assert.equal(typeof (await media.verify(scratched)).durationMs, 'number')
      const cases: [string, Uint8Array | string, RegExp][] = [
        ['ruined.mp3', damaged(music, 3000, 2400), /^media_unreadable$/],
        ['text.mp3', 'This is not music. '.repeat(1000), /^(not_audio|media_unreadable)$/],
        ['picture.mp3', png(40, 40), /^(not_audio|media_unreadable)$/],
        ['head.wav', wavTone({ sec: 1, hz: 500 }).subarray(0, 44), /^(not_audio|media_unreadable)$/],
        ['empty.mp3', '', /^media_empty$/],
      ]
      for (const [name, bytes, code] of cases)
        assert.match(String(await codeOf(media.verify(await put(name, bytes)))), code, name)
      assert.equal(media.runs(), 0)
    })

    test('a signal and a time limit end it', async () => {
      const path = await put('longer.mp3', mp3Silence({ sec: 7200 }))
      assert.equal(await codeOf(media.verify(path, { timeoutMs: 30 })), 'media_timeout')
      const control = new AbortController()
      const stopped = assert.rejects(media.verify(path, { signal: control.signal }), /enough/)
      control.abort(new Error('enough'))
      await stopped
      assert.equal(media.runs(), 0)
    })
  })
}

test('without FFmpeg it says so', async () => {
  const media = await createMedia({ driver: 'none' })
  assert.equal(await codeOf(media.verify(await put('a.wav', wavTone({ sec: 1, hz: 500 })))), 'media_tools_missing')
  await media.close()
})
