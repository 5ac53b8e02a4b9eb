import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { initSegment, mediaSegment } from './mux.ts'
import { openTune } from './open.ts'
import { type ByteSource, isUnfit, type Packet, type Tune } from './types.ts'

const hasFfmpeg = (() => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
const skip = !hasFfmpeg && process.env['TUTTI_TEST_FULL'] !== '1' ? 'this machine has no ffmpeg' : false
const { signal } = new AbortController()
const LENGTH_SEC = 30
const SAMPLES = LENGTH_SEC * 44_100

type Kind = { name: string; args: string[]; samples: number; exact: boolean }
const KINDS: Kind[] = [
  { name: 'cbr.mp3', args: ['-c:a', 'libmp3lame', '-b:a', '128k'], samples: SAMPLES, exact: true },
  { name: 'vbr.mp3', args: ['-c:a', 'libmp3lame', '-q:a', '4'], samples: SAMPLES, exact: false },
  { name: 'a.flac', args: ['-c:a', 'flac'], samples: SAMPLES, exact: true },
  { name: 'a.wav', args: ['-c:a', 'pcm_s16le'], samples: SAMPLES, exact: true },
  { name: 'float.wav', args: ['-c:a', 'pcm_f32le'], samples: SAMPLES, exact: true },
  { name: 'a.m4a', args: ['-c:a', 'aac'], samples: SAMPLES, exact: true },
  { name: 'fast.m4a', args: ['-c:a', 'aac', '-movflags', '+faststart'], samples: SAMPLES, exact: true },
  { name: 'a.opus', args: ['-c:a', 'libopus'], samples: LENGTH_SEC * 48_000, exact: true },
]

const sourceOf = (file: Buffer): ByteSource => {
  const bytes = new Uint8Array(file)
  return {
    sizeBytes: bytes.length,
    read: (from, to) => Promise.resolve(bytes.slice(from, Math.min(to, bytes.length))),
  }
}
const open = (file: Buffer) => openTune(sourceOf(file), { durationSec: LENGTH_SEC }, signal)
async function all(tune: Tune, fromSample: number, wantedBytes: number) {
  const cursor = await tune.open(fromSample, signal)
  const packets: Packet[] = []
  let first: number | undefined
  let endTrim = 0
  for (let run = await cursor.next(wantedBytes, signal); run; run = await cursor.next(wantedBytes, signal)) {
    const before = packets.reduce((sum, p) => sum + p.samples, first ?? 0)
    first ??= run.firstSample
    if (packets.length > 0) assert.equal(run.firstSample, before, 'runs follow each other')
    packets.push(...run.packets)
    endTrim = run.endTrim ?? endTrim
  }
  return { first: first ?? 0, packets, endTrim, samples: packets.reduce((sum, p) => sum + p.samples, 0) }
}

void describe('files, taken apart', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-reel-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const make = (name: string, args: string[]): Buffer => {
    const path = join(folder, name)
    const noise = ['-f', 'lavfi', '-i', `anoisesrc=d=${LENGTH_SEC}:r=44100:seed=7:a=0.3`, '-ac', '2']
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...noise, ...args, path])
    return readFileSync(path)
  }

  for (const kind of KINDS) {
    void it(`${kind.name}: the music is as long as it was, to the sample, however it is read`, async () => {
      const tune = await open(make(kind.name, kind.args))
      const whole = await all(tune, 0, 1 << 20)
      assert.equal(whole.first, 0)
      assert.equal(whole.samples - tune.delay - whole.endTrim, kind.samples)
      if (tune.samples !== null) assert.equal(tune.samples, kind.samples)
      const bits = await all(tune, 0, 5000)
      assert.equal(bits.packets.length, whole.packets.length)
      assert.ok(bits.packets.every((p, i) => Buffer.compare(p.data, whole.packets[i]?.data ?? new Uint8Array(0)) === 0))
    })

    void it(`${kind.name}: begins anywhere, at or shortly before the place`, async () => {
      const tune = await open(readFileSync(join(folder, kind.name)))
      const whole = await all(tune, 0, 1 << 20)
      const ends = whole.packets.map(
        (
          (at) => (p: Packet) =>
            (at += p.samples)
        )(0),
      )
      for (const sec of [0.01, 1, 7.7, 15, 22.2, 29.5]) {
        const sample = Math.floor(sec * tune.rateHz)
        const part = await all(tune, sample, 1 << 18)
        const isLast = part.first <= sample + tune.delay && part.first > sample - 3 * tune.rateHz
        if (!kind.exact) continue
        assert.ok(isLast, `${sec} s: begins at ${part.first / tune.rateHz}`)
        assert.equal(part.endTrim, whole.endTrim)
        assert.equal(part.first + part.samples, whole.samples, `${sec} s: ends where the whole ends`)
        const index = part.first === 0 ? 0 : ends.indexOf(part.first) + 1
        assert.equal(
          Buffer.compare(part.packets[0]?.data ?? new Uint8Array(0), whole.packets[index]?.data ?? new Uint8Array(1)),
          0,
        )
      }
    })
  }

  void it('FFmpeg reads the WAV that was put into FLAC frames, bit by bit', async () => {
    const file = make('bits.wav', ['-c:a', 'pcm_s16le'])
    const tune = await open(file)
    const { packets, first } = await all(tune, 0, 1 << 20)
    assert.ok(tune.entry)
    const mp4 = Buffer.concat([initSegment(tune.entry, tune.rateHz), mediaSegment({ firstSample: first, packets }, 1)])
    const decoded = execFileSync('ffmpeg', ['-v', 'error', '-i', '-', '-f', 's16le', '-'], {
      input: mp4,
      maxBuffer: 1e8,
    })
    assert.equal(Buffer.compare(decoded, file.subarray(file.length - decoded.length)), 0)
    assert.equal(decoded.length, SAMPLES * 4)
  })

  void it('what no reel takes is told as that', async () => {
    await assert.rejects(open(make('a.ogg', ['-c:a', 'libvorbis'])), isUnfit)
    await assert.rejects(open(Buffer.from('no music at all, only words, '.repeat(4000))), isUnfit)
    await assert.rejects(open(Buffer.alloc(0)), isUnfit)
  })
})
