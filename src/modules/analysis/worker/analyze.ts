import { createAnalyzer, loadFft, type TrackAnalysis } from '#engines/audio/index.ts'
import { decodePcm } from '#kernel/media/ffmpeg.ts'
import { ANALYSED_SEC_MAX, NICE, type Task } from './protocol.ts'

const SAMPLE_RATE = 44_100
/** The rest of the way is the last pass over the features. */
const DECODED_SHARE = 0.95
const PROGRESS_EVERY_MS = 250

type Watch = { readonly signal: AbortSignal; readonly onProgress: (done: number) => void }

/**
 * Decodes a file once and analyses it on the way, at most its first `ANALYSED_SEC_MAX` seconds.
 * Throws what the media port throws (`not_audio`, `media_unreadable`, `media_timeout` …) or the signal's reason.
 */
export async function analyzeFile(task: Task, watch: Watch): Promise<TrackAnalysis> {
  const channels = task.channels === 1 ? 1 : 2
  const expectedSec = Math.min(task.durationSec > 0 ? task.durationSec : 300, ANALYSED_SEC_MAX)
  const fft = await loadFft()
  const analyzer = createAnalyzer({ sampleRate: SAMPLE_RATE, channels, durationHintSec: expectedSec, fft })
  const pcm = decodePcm(task.settings, Buffer.from(task.path), {
    sampleRate: SAMPLE_RATE,
    channels,
    durationSec: ANALYSED_SEC_MAX,
    nice: NICE,
    signal: watch.signal,
  })
  const report = every(PROGRESS_EVERY_MS, watch.onProgress)
  let samples = 0
  for await (const chunk of pcm) {
    analyzer.push(chunk)
    samples += chunk.length / channels
    report(Math.min(1, samples / SAMPLE_RATE / expectedSec) * DECODED_SHARE)
  }
  watch.signal.throwIfAborted()
  return analyzer.finish()
}

function every(periodMs: number, act: (value: number) => void): (value: number) => void {
  let actedAt = performance.now()
  return (value) => {
    if (performance.now() - actedAt < periodMs) return
    actedAt = performance.now()
    act(value)
  }
}
