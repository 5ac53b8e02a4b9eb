import { FRAME_BANDS, FRAME_HEADER_BYTES, FRAME_STRIDE_BYTES, readFrame, readFrameHeader } from '#client/frames.ts'
import { client } from '#lib/api.ts'
import { BANDS, type Moment } from './signal.ts'

export type Source = {
  /** The moment at a position of the song. */
  at(sec: number): Moment
  /** Fills rows of 32 bytes with the spectra of `sec`, `sec − stepSec`, … for scenes that show the past. */
  history(rows: Uint8Array, sec: number, stepSec: number): void
}

/** Frames that the server has computed; null while there are none. */
export async function loadFrames(songId: string, signal: AbortSignal): Promise<Source | null> {
  const response = await fetch(client.url.getFrames({ id: songId }), { signal })
  if (response.status !== 200) return null
  const bytes = new Uint8Array(await response.arrayBuffer())
  return framesSource(bytes)
}

/** Reads a frame file. Throws a RangeError when it is none. */
export function framesSource(bytes: Uint8Array): Source {
  const header = readFrameHeader(bytes)
  const lateSec = header.encoderDelaySamples / header.sampleRate
  const indexAt = (sec: number) => (sec - lateSec) * header.framesPerSec
  const last = Math.max(0, header.frameCount - 1)
  const empty = { ...SILENCE, bands: new Uint8Array(FRAME_BANDS) }
  return {
    at(sec) {
      const frame = readFrame(bytes, indexAt(sec))
      return frame ? { ...frame, bandScale: 255 } : empty
    },
    history(rows, sec, stepSec) {
      for (let row = 0; row * FRAME_BANDS < rows.length; row++) {
        const index = Math.floor(indexAt(sec - row * stepSec))
        const at = FRAME_HEADER_BYTES + FRAME_STRIDE_BYTES * Math.min(last, Math.max(0, index))
        if (index < 0 || header.frameCount === 0) rows.fill(0, row * FRAME_BANDS, (row + 1) * FRAME_BANDS)
        else rows.set(bytes.subarray(at, at + FRAME_BANDS), row * FRAME_BANDS)
      }
    },
  }
}

const SILENCE: Omit<Moment, 'bands'> = {
  bandScale: 255,
  loudness: 0,
  kick: false,
  beatPhase: 0,
  barPhase: 0,
  section: 0,
}
const LOW_HZ = 40
const HIGH_HZ = 16_000
const KEPT_ROWS = 256
/** A jump of the low bands by this share counts as a drum hit. */
const KICK_RISE = 0.12

/** A stand-in from the live sound, for songs that are not analysed yet. Null before anything has sounded. */
export function liveSource(analyser: AnalyserNode | null): Source | null {
  if (!analyser) return null
  const bins = new Uint8Array(analyser.frequencyBinCount)
  const binHz = analyser.context.sampleRate / analyser.fftSize
  const edges = Array.from({ length: BANDS + 1 }, (_, i) =>
    Math.round((LOW_HZ * (HIGH_HZ / LOW_HZ) ** (i / BANDS)) / binHz),
  )
  const bands = new Uint8Array(BANDS)
  const past: { sec: number; bands: Uint8Array }[] = []
  let lastBass = 0
  return {
    at(sec) {
      analyser.getByteFrequencyData(bins)
      for (let i = 0; i < BANDS; i++) {
        const from = edges[i] ?? 0
        const to = Math.max(from + 1, edges[i + 1] ?? 0)
        let loudest = 0
        for (let k = from; k < to; k++) loudest = Math.max(loudest, bins[k] ?? 0)
        bands[i] = loudest
      }
      const bass = ((bands[0] ?? 0) + (bands[2] ?? 0) + (bands[4] ?? 0)) / 765
      const kick = bass - lastBass > KICK_RISE
      lastBass = Math.max(bass, lastBass * 0.97)
      past.unshift({ sec, bands: bands.slice() })
      if (past.length > KEPT_ROWS) past.pop()
      const loudness = bands.reduce((sum, b) => sum + b, 0) / (BANDS * 255)
      return { ...SILENCE, bands, loudness, kick }
    },
    history(rows, sec, stepSec) {
      let k = 0
      for (let row = 0; row * BANDS < rows.length; row++) {
        while (k < past.length - 1 && (past[k]?.sec ?? 0) > sec - row * stepSec) k += 1
        rows.set(past[k]?.bands ?? new Uint8Array(BANDS), row * BANDS)
      }
    },
  }
}
