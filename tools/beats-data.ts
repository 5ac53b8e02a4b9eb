/** What rhythm is learned from: pieces of the analysis bench as the engine hears them, kept so that learning again is quick. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHROMA_PER_SEC } from '#engines/audio/chroma.ts'
import { type Evidence, makeEvidence, RHYTHM_PER_SEC } from '#engines/audio/evidence.ts'
import { type FftKit, loadFft } from '#engines/audio/fft.ts'
import { createMeters } from '#engines/audio/meters.ts'
import { between, hashOf, randomFrom } from '../bench/analysis/corpus/score.ts'
import { cacheFolder, type Item, items, type Split, type Truth } from '../bench/analysis/corpus.ts'

export type Lesson = { id: string; style: string; truth: Truth; evidence: Evidence }

/** Raise after a change of the flux or the chroma. */
const DATA_VERSION = 1
const RATE = 44_100
const BLOCK = 4410
const PULSE_SEC = 24

const bytesOf = (array: Float32Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)
const floatsOf = (path: string) => {
  const raw = readFileSync(path)
  return new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength))
}

const hear = (audio: Float32Array, fft: FftKit) => {
  const meters = createMeters(fft, fft.kernels(), RATE, 1, BLOCK, audio.length / RATE)
  for (let at = 0; at + BLOCK <= audio.length; at += BLOCK) {
    meters.spectra.push(audio.subarray(at, at + BLOCK))
    meters.chroma.push(audio.subarray(at, at + BLOCK))
  }
  meters.spectra.finish()
  return { flux: meters.flux.flux.view(), chroma: meters.chroma.finish().frames }
}

const lessonOf = (item: Item, fft: FftKit, folder: string): Lesson => {
  const base = join(folder, item.hash)
  if (!existsSync(`${base}.chroma`)) {
    const heard = hear(item.audio(), fft)
    writeFileSync(`${base}.flux`, bytesOf(heard.flux))
    writeFileSync(`${base}.chroma`, bytesOf(heard.chroma))
  }
  const evidence = makeEvidence(floatsOf(`${base}.flux`), floatsOf(`${base}.chroma`), CHROMA_PER_SEC)
  return { id: item.id, style: item.style, truth: item.truth, evidence }
}

/** Ticks of a tempo, bare or with an accent: what metronomes, drum machines and test signals sound like. */
const pulse = (number: number, fft: FftKit): Lesson => {
  const random = randomFrom(hashOf(`pulse ${number}`))
  const beatsPerBar = number % 2 === 0 ? 4 : 3
  const accent = between(random, 1, 2.5)
  const bpm = 50 * 3.7 ** random()
  const [hz, decaySec] = [60 * 70 ** random(), between(random, 0.008, 0.08)]
  // Some are cut off before they are silent, which is heard.
  const decays = between(random, 3.5, 9)
  const audio = new Float32Array(PULSE_SEC * RATE)
  const beats: number[] = []
  for (let at = between(random, 0.05, 1); at < PULSE_SEC - 1; at += 60 / bpm) {
    const strong = beats.length % beatsPerBar === 0
    const from = Math.round(at * RATE)
    const tone = strong && number % 3 === 0 ? hz / 2 : hz
    for (let i = 0; i < decays * decaySec * RATE && from + i < audio.length; i++)
      audio[from + i]! +=
        0.3 * (strong ? accent : 1) * Math.exp(-i / (decaySec * RATE)) * Math.sin((2 * Math.PI * tone * i) / RATE)
    beats.push(at)
  }
  const { flux, chroma } = hear(audio, fft)
  const truth: Truth = { bpm, beats, downbeats: [], keys: [], chords: [], onsets: beats, sections: [] }
  return { id: `pulse ${number}`, style: 'pulse', truth, evidence: makeEvidence(flux, chroma, CHROMA_PER_SEC) }
}

/** @param count of plain pulses, each as good as a piece. */
export const pulses = async (count: number): Promise<Lesson[]> => {
  const fft = await loadFft()
  return Array.from({ length: count }, (_, i) => pulse(i, fft))
}

/** A part of a lesson, `from` and `to` as shares of it: music is not always heard from its beginning. */
export const excerpt = (lesson: Lesson, from: number, to: number): Lesson => {
  const { evidence, truth } = lesson
  const [first, end] = [Math.floor(from * evidence.frames), Math.floor(to * evidence.frames)]
  const cut = (curve: Float32Array) => curve.slice(first, end)
  const inside = (times: number[]) =>
    times
      .map((time) => time - first / RHYTHM_PER_SEC)
      .filter((time) => time >= 0 && time < (end - first) / RHYTHM_PER_SEC)
  const { perSec, frames } = evidence.chroma
  const chromaAt = (frame: number) => 12 * Math.floor((frame / RHYTHM_PER_SEC) * perSec)
  return {
    ...lesson,
    truth: { ...truth, beats: inside(truth.beats), downbeats: inside(truth.downbeats), onsets: inside(truth.onsets) },
    evidence: {
      frames: end - first,
      regions: evidence.regions.map(cut),
      onset: cut(evidence.onset),
      harmonic: cut(evidence.harmonic),
      chroma: { perSec, frames: frames.slice(chromaAt(first), chromaAt(end)) },
    },
  }
}

/** All pieces of a split that have a pulse. @param only leaves out others; for trying things on what is at hand. */
export const lessons = async (
  split: Split,
  choice: Parameters<typeof items>[1],
  only: (item: Item) => boolean = () => true,
): Promise<Lesson[]> => {
  const fft = await loadFft()
  const folder = join(cacheFolder(), `beats-${DATA_VERSION}`)
  mkdirSync(folder, { recursive: true })
  return items(split, choice)
    .filter((item) => item.truth.beats.length > 0 && only(item))
    .map((item) => lessonOf(item, fft, folder))
}
