import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Music, makeTune, needsFfmpeg, startMusic } from '../testing.ts'

const run = promisify(execFile)
const SECONDS = 27.3
/** One of each kind of source: how it is entered differs. */
const SOURCES: readonly { readonly name: string; readonly args?: readonly string[] }[] = [
  { name: 'a.flac' },
  { name: 'b.wav' },
  { name: 'c.mp3', args: ['-c:a', 'libmp3lame', '-q:a', '4', '-ar', '44100'] },
  { name: 'd.m4a', args: ['-c:a', 'aac', '-b:a', '128k', '-ar', '44100', '-ac', '2'] },
  { name: 'e.ogg', args: ['-c:a', 'libvorbis', '-ar', '44100'] },
  { name: 'f.opus', args: ['-c:a', 'libopus', '-b:a', '96k'] },
]
const FORMATS = [
  { query: '?quality=high', type: 'audio/mpeg', name: 'mp3-320', errorMax: 0.2 },
  { query: '?format=opus&quality=high', type: 'audio/ogg', name: 'opus-256', errorMax: 0.2 },
  { query: '?format=wav', type: 'audio/wav', name: 'wav', errorMax: 0.002 },
] as const
/** The first source is asked for so many, the others for fewer. */
const RANGES = 200
const RANGES_OF_OTHERS = 24
const RANGES_AT_ONCE = 8
const WINDOW = 4800

let music: Music
if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      for (const source of SOURCES) await makeTune(folder, { ...source, seconds: SECONDS })
    })
  })
  after(() => music?.[Symbol.asyncDispose]())
}

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

/** Numbers that look random and are the same in every run. */
function createDice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

async function samplesOf(path: string): Promise<Int16Array> {
  const args = ['-v', 'error', '-i', path, '-f', 's16le', '-ac', '1', '-ar', '48000', '-']
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 * 1024 ** 2 })
  return new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1)
}
const rms = (values: Float64Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length)

/** The largest difference of a tenth of a second, as a share of how loud the music is: a gap or a shift makes it > 1. */
function worstWindow(heard: Int16Array, source: Int16Array): number {
  const loud = rms(Float64Array.from(source))
  let worst = 0
  for (let at = 0; at + WINDOW <= source.length; at += WINDOW) {
    const difference = Float64Array.from(
      { length: WINDOW },
      (_, i) => (heard[at + i] ?? 0) - (source[at + i] as number),
    )
    worst = Math.max(worst, rms(difference) / loud)
  }
  return worst
}

/** Of the same format the original would be sent. */
const isOriginal = (name: string, type: string): boolean =>
  ['b.wav wav', 'c.mp3 mp3-320', 'f.opus opus-256'].includes(`${name} ${type}`)

for (const [place, { name }] of SOURCES.entries())
  for (const format of FORMATS.filter((each) => !isOriginal(name, each.name)))
    test(`${name} as ${format.name}: any range of a first play, and all of it is the music`, needsFfmpeg, async () => {
      const head = await music.fetch(name, `/stream${format.query}`, { method: 'HEAD' })
      const size = Number(head.headers.get('content-length'))
      assert.deepEqual([head.status, head.headers.get('tutti-rendition')], [200, format.name])
      assert.ok(head.headers.get('content-type')?.startsWith(format.type))

      const dice = createDice(size)
      const parts: { start: number; bytes: Buffer }[] = []
      const one = async () => {
        const start = dice(size)
        const end = Math.min(size, start + 1 + dice(dice(10) === 0 ? size : 3000))
        const headers = { range: `bytes=${start}-${end - 1}` }
        const answer = await music.fetch(name, `/stream${format.query}`, { headers })
        assert.equal(answer.status, 206, answer.status === 206 ? '' : await answer.text())
        assert.equal(answer.headers.get('content-range'), `bytes ${start}-${end - 1}/${size}`)
        assert.equal(answer.headers.get('etag'), head.headers.get('etag'))
        parts.push({ start, bytes: await bytesOf(answer) })
      }
      // The end first.
      const tail = await music.fetch(name, `/stream${format.query}`, { headers: { range: 'bytes=-100' } })
      parts.push({ start: size - 100, bytes: await bytesOf(tail) })
      const ranges = place === 0 ? RANGES : RANGES_OF_OTHERS
      for (let i = 0; i < ranges; i += RANGES_AT_ONCE) await Promise.all(Array.from({ length: RANGES_AT_ONCE }, one))

      const answer = await music.fetch(name, `/stream${format.query}`)
      assert.equal(answer.headers.get('content-length'), String(size))
      const whole = await bytesOf(answer)
      assert.equal(whole.length, size)
      for (const { start, bytes } of parts)
        assert.ok(bytes.equals(whole.subarray(start, start + bytes.length)), `${bytes.length} bytes at ${start}`)

      const path = join(music.app.dataDir, `heard-${name}-${format.name}`)
      await writeFile(path, whole)
      const [heard, source] = await Promise.all([samplesOf(path), samplesOf(join(music.folder, name))])
      assert.ok(Math.abs(heard.length - source.length) <= 1, `${heard.length} samples of ${source.length}`)
      const worst = worstWindow(heard, source)
      assert.ok(worst < format.errorMax, `differs by ${worst.toFixed(4)}`)
    })
