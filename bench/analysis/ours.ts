/**
 * Our engine, or the plain baseline, over files, in a process of its own: one JSON line a file.
 * `node bench/analysis/ours.ts tutti|plain wav|decoded FILE…`: `decoded` goes through FFmpeg as the product does, with
 * two channels; its CPU time counts.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { analyze, loadFft } from '#engines/audio/index.ts'
import { type Answer, answerOf, type Line } from './answer.ts'
import { plainAnswer } from './baseline.ts'
import { SAMPLE_RATE } from './corpus.ts'
import { readWav } from './corpus/wav.ts'

const [system, how, ...files] = process.argv.slice(2)
const DECODED_BYTES_MAX = 1 << 30

type Sound = { samples: Float32Array; channels: 1 | 2; decoderSec: number }

const decoded = (path: string): Sound => {
  const flags = ['-hide_banner', '-nostats', '-benchmark', '-i', path, '-f', 'f32le', '-ac', '2', '-ar', '44100', '-']
  const { stdout, stderr } = spawnSync('ffmpeg', flags, { maxBuffer: DECODED_BYTES_MAX })
  const [, user = 'NaN', system = 'NaN'] = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr.toString()) ?? []
  const samples = new Float32Array(stdout.buffer, stdout.byteOffset, stdout.byteLength >> 2)
  return { samples, channels: 2, decoderSec: Number(user) + Number(system) }
}

const sound = (path: string): Sound =>
  how === 'decoded' ? decoded(path) : { samples: readWav(readFileSync(path)), channels: 1, decoderSec: 0 }

const cpuSec = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6

const fft = await loadFft()
const answer = ({ samples, channels }: Sound): Answer =>
  system === 'plain' ? plainAnswer(samples) : answerOf(analyze(samples, { sampleRate: SAMPLE_RATE, channels, fft }))

for (const path of files) {
  const begin = cpuSec()
  const heard = sound(path)
  const found = answer(heard)
  const out: Line = {
    answer: found,
    cpuSec: cpuSec() - begin + heard.decoderSec,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }
  process.stdout.write(`${JSON.stringify(out)}\n`)
}
