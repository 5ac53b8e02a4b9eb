/** Scores of real songs: compressed MusicXML (OpenScore Lieder), the parts of it that sound. Repeats are not taken. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { between, hashOf, type Note, pick, randomFrom, type Score } from './score.ts'

const END_OF_DIRECTORY = 0x06_05_4b_50

/** The score inside a .mxl (a zip); undefined when there is none. */
const unzipScore = (file: Buffer): string | undefined => {
  let end = file.length - 22
  while (end > 0 && file.readUInt32LE(end) !== END_OF_DIRECTORY) end--
  let at = file.readUInt32LE(end + 16)
  for (let entry = 0; entry < file.readUInt16LE(end + 10); entry++) {
    const nameLength = file.readUInt16LE(at + 28)
    const name = file.toString('utf8', at + 46, at + 46 + nameLength)
    if (/^[^/]*\.(xml|musicxml)$/.test(name)) {
      const local = file.readUInt32LE(at + 42)
      const data = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
      const packed = file.subarray(data, data + file.readUInt32LE(at + 20))
      return (file.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed)).toString('utf8')
    }
    at += 46 + nameLength + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32)
  }
  return undefined
}

const STEPS: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }
const numberIn = (text: string, tag: string) => {
  const found = new RegExp(`<${tag}[^>]*>\\s*(-?[\\d.]+)`).exec(text)
  return found ? Number(found[1]) : undefined
}

/** Times in quarter notes from the beginning of the measure. */
type RawNote = { at: number; length: number; pitch: number; tied: boolean; part: number }
type Measure = { length: number; beats: number; beatType: number; fifths: number; tempo?: number; notes: RawNote[] }

type PartState = { divisions: number; beats: number; beatType: number; fifths: number }

const readNote = (
  xml: string,
  state: PartState,
  at: number,
  part: number,
): { note?: RawNote; length: number; chord: boolean } => {
  const chord = xml.includes('<chord/>')
  if (xml.includes('<grace')) return { length: 0, chord }
  const length = (numberIn(xml, 'duration') ?? 0) / state.divisions
  const step = /<step>([A-G])/.exec(xml)
  if (!step) return { length, chord }
  const pitch = 12 * ((numberIn(xml, 'octave') ?? 4) + 1) + STEPS[step[1]!]! + (numberIn(xml, 'alter') ?? 0)
  return { note: { at, length, pitch, tied: xml.includes('<tie type="stop"'), part }, length, chord }
}

const ITEM = /<(note|backup|forward|attributes|sound)\b[^>]*?(?:\/>|>[\s\S]*?<\/\1>)/g

const readMeasure = (xml: string, state: PartState, part: number): Measure => {
  const measure: Measure = { length: 0, ...state, notes: [] }
  let at = 0
  let last = 0
  for (const [item, kind] of xml.matchAll(ITEM)) {
    if (kind === 'attributes') {
      state.divisions = numberIn(item, 'divisions') ?? state.divisions
      state.beats = numberIn(item, 'beats') ?? state.beats
      state.beatType = numberIn(item, 'beat-type') ?? state.beatType
      state.fifths = numberIn(item, 'fifths') ?? state.fifths
      Object.assign(measure, { beats: state.beats, beatType: state.beatType, fifths: state.fifths })
    } else if (kind === 'sound') {
      const tempo = /tempo="([\d.]+)"/.exec(item)
      if (tempo) measure.tempo ??= Number(tempo[1])
    } else if (kind === 'note') {
      const { note, length, chord } = readNote(item, state, chordStart(item, last, at), part)
      if (note) measure.notes.push(note)
      if (!chord) {
        last = at
        at += length
      }
    } else at += ((kind === 'backup' ? -1 : 1) * (numberIn(item, 'duration') ?? 0)) / state.divisions
    measure.length = Math.max(measure.length, at)
  }
  return measure
}

const chordStart = (item: string, last: number, at: number) => (item.includes('<chord/>') ? last : at)

/** All parts merged, measure by measure. */
const readScore = (xml: string): Measure[] => {
  const merged: Measure[] = []
  Array.from(xml.matchAll(/<part id="[^"]*">([\s\S]*?)<\/part>/g)).forEach(([, body], part) => {
    const state: PartState = { divisions: 1, beats: 4, beatType: 4, fifths: 0 }
    Array.from(body!.matchAll(/<measure\b[^>]*>([\s\S]*?)<\/measure>/g)).forEach(([, text], index) => {
      const measure = readMeasure(text!, state, part)
      const known = merged[index]
      if (!known) merged[index] = measure
      else {
        known.length = Math.max(known.length, measure.length)
        known.notes.push(...measure.notes)
        if (measure.tempo !== undefined) known.tempo ??= measure.tempo
      }
    })
  })
  return merged
}

/** Quarter notes a felt beat: compound metres beat in dotted values. */
const beatUnit = (measure: Measure) =>
  measure.beatType >= 8 && measure.beats % 3 === 0 && measure.beats > 3
    ? (3 * 4) / measure.beatType
    : 4 / measure.beatType

/** The key when the signature never changes and the last bass note is one of its two tonics. */
const keyOf = (measures: Measure[]): Score['truth']['key'] => {
  const fifths = measures[0]!.fifths
  if (measures.some((measure) => measure.fifths !== fifths)) return undefined
  const ending = measures.findLast((measure) => measure.notes.length > 0)?.notes ?? []
  const lastAt = Math.max(...ending.map((note) => note.at))
  const bass = Math.min(...ending.filter((note) => note.at + note.length > lastAt).map((note) => note.pitch)) % 12
  const major = (((fifths * 7) % 12) + 12) % 12
  if (bass === major) return { tonic: major, mode: 'major' }
  return bass === (major + 9) % 12 ? { tonic: bass, mode: 'minor' } : undefined
}

const VOICES = [52, 53, 73, 40, 71, 65, 56, 54]
const KEYBOARDS = [0, 0, 0, 4, 6, 24, 46, 48, 19]
const DEFAULT_BPM: [number, number] = [70, 120]

const metreOf = (measures: Measure[]): 3 | 4 | undefined => {
  const simple = (beats: number) => measures.every((measure) => measure.beats === beats && measure.beatType <= 4)
  return simple(3) ? 3 : simple(4) ? 4 : undefined
}

/** Lays measures out in time with a slowly wandering tempo. */
const perform = (id: string, measures: Measure[], seconds: number): Score | undefined => {
  const random = randomFrom(hashOf(id))
  const wander = pick(random, [0.002, 0.006, 0.012])
  const programs = [pick(random, VOICES), pick(random, KEYBOARDS)]
  let quarterBpm = measures[0]!.tempo ?? between(random, ...DEFAULT_BPM)
  let factor = 1
  let at = between(random, 0.1, 1)
  const notes: Note[] = []
  const beats: number[] = []
  const downbeats: number[] = []
  for (const measure of measures) {
    if (at > seconds) break
    quarterBpm = measure.tempo ?? quarterBpm
    factor += wander * (random() * 2 - 1) * 2 - 0.1 * (factor - 1)
    const quarterSec = (60 / quarterBpm) * factor
    const unit = beatUnit(measure)
    const full = (measure.beats * 4) / measure.beatType
    const pickup = measure.length < full - 1e-6
    const first = pickup ? measure.length - Math.floor(measure.length / unit + 1e-6) * unit : 0
    for (let beat = first; beat < measure.length - 1e-6; beat += unit) beats.push(at + beat * quarterSec)
    if (!pickup) downbeats.push(at)
    for (const note of measure.notes)
      if (!note.tied)
        notes.push({
          atSec: at + note.at * quarterSec + 0.006 * (random() * 2 - 1),
          durationSec: Math.max(0.08, note.length * quarterSec * 0.95),
          pitch: note.pitch,
          velocity: between(random, 62, 88) + (note.at === 0 ? 6 : 0) + (note.part === 0 ? 8 : 0),
          program: programs[Math.min(1, note.part)]!,
        })
    at += measure.length * quarterSec
  }
  if (beats.length < 20) return undefined
  const intervals = beats
    .slice(1)
    .map((beat, i) => beat - beats[i]!)
    .sort((a, b) => a - b)
  const key = keyOf(measures)
  const beatsPerBar = metreOf(measures)
  const truth = { bpm: 60 / intervals[intervals.length >> 1]!, beats, downbeats }
  return {
    id,
    style: 'lieder',
    notes: notes.sort((a, b) => a.atSec - b.atSec),
    durationSec: at,
    truth: { ...truth, ...(key ? { key } : {}), ...(beatsPerBar ? { beatsPerBar } : {}) },
  }
}

/** Every `stride`-th song of the folder, the first `seconds` of each; the key is that of the whole song. */
export const readLieder = (folder: string, count: number, seconds = 45): Score[] => {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.mxl'))
    .sort()
  const stride = Math.max(1, Math.floor(names.length / count))
  return names
    .filter((_, i) => i % stride === 0)
    .slice(0, count)
    .flatMap((name) => {
      const xml = unzipScore(readFileSync(join(folder, name)))
      const measures = xml ? readScore(xml) : []
      const score = measures.length > 4 ? perform(name.replace('.mxl', ''), measures, seconds) : undefined
      return score ? [score] : []
    })
}
