/** For tests: what FFmpeg hears. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PCM_BYTES_MAX = 256 * 1024 * 1024
export const RATE_HZ = 48_000

/** All that FFmpeg makes of an address or file: the left channel at 48 kHz, −1..1. */
export async function heard(input: string): Promise<Float32Array> {
  const args = ['-v', 'error', '-nostdin', '-i', input, '-map', '0:a:0', '-af', 'pan=mono|c0=c0']
  const { stdout } = await run('ffmpeg', [...args, '-ar', String(RATE_HZ), '-f', 'f32le', '-'], {
    encoding: 'buffer',
    maxBuffer: PCM_BYTES_MAX,
  })
  return new Float32Array(stdout.buffer, stdout.byteOffset, stdout.length >> 2)
}

/** Root mean square of the difference, between two places. */
export function errorBetween(a: Float32Array, b: Float32Array, start: number, end: number): number {
  let squares = 0
  for (let i = start; i < end; i++) squares += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2
  return Math.sqrt(squares / (end - start))
}

/** By how many samples `b` comes later than `a`, as far as `most` either way. */
export function lagOf(a: Float32Array, b: Float32Array, most: number): number {
  const length = Math.min(a.length, b.length, 4 * RATE_HZ)
  let best = { lag: 0, score: Number.NEGATIVE_INFINITY }
  for (let lag = -most; lag <= most; lag++) {
    let score = 0
    for (let i = most; i < length - most; i += 3) score += (a[i] as number) * (b[i + lag] as number)
    if (score > best.score) best = { lag, score }
  }
  return best.lag
}
