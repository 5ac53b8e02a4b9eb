/**
 * Our engine, or the plain baseline, over files, in a process of its own: one JSON line a file.
 * `node bench/analysis/ours.ts tutti|plain wav|decoded FILE…`: `decoded` goes through FFmpeg as the product does, with
 * two channels; its CPU time counts.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { analyze, createAnalyzer, loadFft } from '#engines/audio/index.ts'
import { type Answer, answerOf, type Line } from './answer.ts'
import { plainAnswer } from './baseline.ts'
import { SAMPLE_RATE } from './corpus.ts'
import { readWav } from './corpus/wav.ts'

const [system, how, ...files] = process.argv.slice(2)
const CHUNK_BYTES = 1 << 18
const BYTES_A_SAMPLE = 4
/** The line with the times is the last one. */
const TOLD_CHARS_MAX = 2000

const cpuSec = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6

const fft = await loadFft()

/** As it streams out of the decoder, so that memory is what the product needs. */
const decodedAnswer = async (path: string): Promise<{ answer: Answer; decoderSec: number }> => {
  const flags = ['-hide_banner', '-nostats', '-benchmark', '-i', path, '-f', 'f32le', '-ac', '2', '-ar', '44100', '-']
  const decoder = spawn('ffmpeg', flags, { stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  decoder.stderr.setEncoding('utf8').on('data', (text: string) => (told = (told + text).slice(-TOLD_CHARS_MAX)))
  const closed = once(decoder, 'close')
  const analyzer = createAnalyzer({ sampleRate: SAMPLE_RATE, channels: 2, fft })
  const frames = new Float32Array(CHUNK_BYTES / BYTES_A_SAMPLE)
  const bytes = Buffer.from(frames.buffer)
  let filled = 0
  for await (const chunk of decoder.stdout as AsyncIterable<Buffer>)
    for (let at = 0; at < chunk.length; ) {
      const count = chunk.copy(bytes, filled, at)
      at += count
      filled += count
      if (filled < CHUNK_BYTES) continue
      analyzer.push(frames)
      filled = 0
    }
  analyzer.push(frames.subarray(0, Math.floor(filled / BYTES_A_SAMPLE)))
  await closed
  const [, user = 'NaN', system = 'NaN'] = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(told) ?? []
  return { answer: answerOf(analyzer.finish()), decoderSec: Number(user) + Number(system) }
}

const wavAnswer = (path: string): Answer => {
  const samples = readWav(readFileSync(path))
  if (system === 'plain') return plainAnswer(samples)
  return answerOf(analyze(samples, { sampleRate: SAMPLE_RATE, channels: 1, fft }))
}

for (const path of files) {
  const begin = cpuSec()
  const { answer, decoderSec } =
    how === 'decoded' ? await decodedAnswer(path) : { answer: wavAnswer(path), decoderSec: 0 }
  const peakMb = process.resourceUsage().maxRSS / 1024
  const out: Line = { answer, cpuSec: cpuSec() - begin + decoderSec, peakMb }
  process.stdout.write(`${JSON.stringify(out)}\n`)
}
