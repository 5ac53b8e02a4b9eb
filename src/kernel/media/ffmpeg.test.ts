import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { AppError } from '#kernel/errors.ts'
import {
  FORMATS,
  invalidUtf8Path,
  makeFile,
  mp3Silence,
  nativeFfmpeg,
  png,
  tempFolder,
  wavTone,
  writeLinkLoop,
  writeSparse,
} from '#test/fixtures/audio.ts'
import { createMedia, type Media } from './index.ts'

const RATE = 22_050
const EXTENSION: Record<string, string> = { alac: 'm4a' }
const decodeAll = async (media: Media, file: string | Buffer, o: object = {}): Promise<Float32Array> => {
  const chunks: number[] = []
  for await (const chunk of media.decode(file, { sampleRate: RATE, channels: 1, ...o }))
    for (const x of chunk) chunks.push(x)
  return Float32Array.from(chunks)
}
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
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fine',
    (thrown: unknown) => (thrown as AppError).code,
  )
const readAll = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
const rms = (pcm: Float32Array): number => Math.sqrt(pcm.reduce((sum, x) => sum + x * x, 0) / pcm.length)
const crossings = (pcm: Float32Array): number =>
  pcm.reduce((n, x, i) => n + (i > 0 && x >= 0 !== (pcm[i - 1] ?? 0) >= 0 ? 1 : 0), 0)

let folder: Awaited<ReturnType<typeof tempFolder>>
let tone: string
before(async () => {
  folder = await tempFolder()
  tone = join(folder.path, 'tone.wav')
  await writeFile(tone, wavTone({ sec: 4, hz: 500 }))
})
after(() => folder.remove())

for (const driver of ['native', 'wasm'] as const) {
  const skip = driver === 'native' && !nativeFfmpeg() && 'ffmpeg is not installed'
  describe(`driver ${driver}`, { skip }, () => {
    let media: Media
    before(async () => {
      media = await createMedia({ driver })
      assert.equal(media.driver, driver)
    })
    after(() => media.close())

    test('decodes a tone to the right length, level and pitch', async () => {
      const pcm = await decodeAll(media, tone)
      assert.ok(Math.abs(pcm.length - 4 * RATE) <= 32, `${pcm.length}`)
      assert.ok(Math.abs(rms(pcm) - 0.5 / Math.SQRT2) < 0.01)
      assert.ok(Math.abs(crossings(pcm) / 2 / 4 - 500) < 2)
      const part = await decodeAll(media, tone, { startSec: 1, durationSec: 0.5, channels: 2 })
      assert.ok(Math.abs(part.length - RATE) <= 64)
    })

    test('every encoder it names gives a file that decodes to the same tone', async () => {
      for (const codec of media.describe().encoders) {
        if (codec === 'wav') continue // bare samples
        const job = await media.encode(tone, { ...ENCODE, codec, bitrateKbps: 128 })
        const bytes = await readAll(job.stream)
        await job.exit
        const path = join(folder.path, `${driver}.${codec}`)
        await writeFile(path, bytes)
        const pcm = await decodeAll(media, path)
        assert.ok(Math.abs(pcm.length / RATE - 4) < 0.15, `${codec} ${pcm.length / RATE}`)
        assert.ok(Math.abs(crossings(pcm.subarray(RATE, 2 * RATE)) / 2 - 500) < 4, codec)
        if (codec === 'mp3') assert.ok(Math.abs(bytes.length - 4 * 16_000) < 4000, `${bytes.length}`)
        const probed = await media.probe(path)
        assert.ok(probed.ok, codec)
      }
    })

    test('decodes every format, with a cover inside too', {
      skip: !nativeFfmpeg() && 'ffmpeg makes the files',
    }, async () => {
      const coverPath = join(folder.path, 'cover.png')
      await writeFile(coverPath, png(30, 30))
      // The slow start of the WebAssembly build makes it try one of each family only.
      const formats = driver === 'native' ? FORMATS : (['mp3', 'ogg', 'm4a', 'wma'] as const)
      for (const format of formats) {
        const cover = format === 'mp3' || format === 'flac' || format === 'm4a' ? { coverPath } : {}
        const path = makeFile(folder.path, format, {
          sec: 1,
          name: `${driver}-${format}.bin.${EXTENSION[format] ?? format}`,
          ...cover,
        })
        const pcm = await decodeAll(media, path)
        assert.ok(Math.abs(pcm.length / RATE - 1) < 0.1, `${format} ${pcm.length / RATE}`)
        assert.ok(rms(pcm) > 0.02, format)
      }
    })

    test('any file name works', async () => {
      const names = ['-i', 'a\nb:c"d\'$(x)|音.wav']
      const paths: (string | Buffer)[] = names.map((name) => join(folder.path, name))
      if (process.platform === 'linux') paths.push(invalidUtf8Path(folder.path, '.wav'))
      for (const path of paths) {
        await writeFile(path, wavTone({ sec: 0.2 }))
        assert.ok((await decodeAll(media, path)).length > 4000)
        const probed = await media.probe(path)
        assert.ok(probed.ok && probed.durationMs === 200)
      }
    })

    test('bad input gets a clear reason, and quickly', async () => {
      const path = (name: string) => join(folder.path, `${driver}-${name}`)
      await writeFile(path('empty.mp3'), '')
      await writeFile(path('text.mp3'), 'This is not music. '.repeat(1000))
      await writeFile(path('list.mp3'), `#EXTM3U\n#EXTINF:1,\n${tone}\n`)
      await writeFile(path('concat.mp3'), `ffconcat version 1.0\nfile '${tone}'\n`)
      await writeSparse(path('sparse.mp3'), 10 * 1024 ** 3)
      await writeFile(
        path('moov.m4a'),
        Buffer.concat([Buffer.from('\0\0\0\x18ftypM4A \0\0\0\0M4A mp42', 'latin1'), Buffer.alloc(500)]),
      )
      const cases: [string, RegExp][] = [
        [path('empty.mp3'), /^media_empty$/],
        [path('text.mp3'), /^(not_audio|media_unreadable)$/],
        [path('list.mp3'), /^(not_audio|media_unreadable)$/],
        [path('concat.mp3'), /^(not_audio|media_unreadable)$/],
        [path('sparse.mp3'), /^media_too_large$/],
        [path('moov.m4a'), /^(not_audio|media_unreadable)$/],
        [path('missing.mp3'), /^media_not_found$/],
        [await writeLinkLoop(folder.path, `${driver}-loop.mp3`), /^media_unreadable$/],
        [folder.path, /^media_unreadable$/],
      ]
      for (const [file, code] of cases) {
        assert.match(String(await codeOf(decodeAll(media, file))), code, file)
      }
      const started = media.encode(path('text.mp3'), { ...ENCODE, codec: 'mp3' }).then((job) => readAll(job.stream))
      assert.match(String(await codeOf(started)), /^(not_audio|media_unreadable)$/)
      assert.equal(media.runs(), 0)
    })

    test('a reader that stops, a signal and a time limit end the process at once', async () => {
      const long = join(folder.path, 'long.mp3')
      await writeFile(long, mp3Silence({ sec: 3600 }))
      for await (const chunk of media.decode(long, { sampleRate: 44_100, channels: 2 })) {
        assert.ok(chunk.length > 0)
        break
      }
      const control = new AbortController()
      const aborted = decodeAll(media, long, { signal: control.signal })
      setTimeout(() => control.abort(new Error('enough')), 100)
      await assert.rejects(aborted, /enough/)
      assert.equal(await codeOf(decodeAll(media, long, { timeoutMs: 60, sampleRate: 48_000 })), 'media_timeout')
      const job = await media.encode(long, { ...ENCODE, codec: 'flac', packetSamples: 4608, samples: 3600 * 48_000 })
      await once(job.stream, 'readable')
      job.stream.destroy()
      await assert.rejects(job.exit)
      assert.equal(media.runs(), 0)
    })

    test('a slow reader holds the decoder back', async () => {
      const long = join(folder.path, 'slow.mp3')
      await writeFile(long, mp3Silence({ sec: 1200 }))
      const before = process.memoryUsage().arrayBuffers
      let samples = 0
      for await (const chunk of media.decode(long, { sampleRate: 44_100, channels: 2 })) {
        samples += chunk.length
        if (samples < 1_000_000) await sleep(2)
        if (samples > 4_000_000) break
      }
      // The whole is 423 MB; only what is on its way may be held.
      assert.ok(process.memoryUsage().arrayBuffers - before < 60e6)
    })

    test('works inside a worker thread with plain settings', async () => {
      const source = `import { parentPort, workerData } from 'node:worker_threads'
        const { decodePcm } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
        let n = 0
        for await (const chunk of decodePcm(workerData.settings, workerData.file, { sampleRate: 22050, channels: 1 })) n += chunk.length
        parentPort.postMessage(n)`
      const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
      const worker = new Worker(url, { workerData: { settings: media.settings, file: tone } })
      const [samples] = (await once(worker, 'message')) as [number]
      assert.ok(Math.abs(samples - 4 * RATE) <= 32)
      await worker.terminate()
    })

    test('kill -9 of the server takes its media processes along', {
      skip: process.platform !== 'linux' && 'reads /proc',
    }, async () => {
      const long = join(folder.path, 'orphan.mp3')
      await writeFile(long, mp3Silence({ sec: 3600 }))
      const source = `const { createMedia } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
        const media = await createMedia({ driver: '${driver}' })
        await media.probe(${JSON.stringify(tone)})
        const stream = media.decode(${JSON.stringify(long)}, { sampleRate: 44100, channels: 2 })
        await stream.next()
        console.log('ready')
        setInterval(() => {}, 1000)`
      const server = spawn(process.execPath, ['--input-type=module', '-e', source], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(server.stdout, 'data')
      const children = await childrenOf(server.pid ?? 0)
      assert.ok(children.length >= 2, `${children.length}`)
      server.kill('SIGKILL')
      await once(server, 'exit')
      for (let i = 0; i < 300 && children.some(isRunning); i++) await sleep(20)
      assert.deepEqual(children.filter(isRunning), [])
    })
  })
}

async function childrenOf(parent: number): Promise<number[]> {
  const { readFileSync } = await import('node:fs')
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  return pids.filter((pid) => {
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[1]) === parent
    } catch {
      return false
    }
  })
}
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
