/** Scores of real songs: compressed MusicXML (OpenScore Lieder), the parts of it that sound. Repeats are not taken. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { between, gaussian, hashOf, medianBpm, type Note, onsetsOf, pick, randomFrom, type Score } from './score.ts'

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

const VOICES: Note['program'][] = ['voice', 52, 53, 73, 40, 71, 65, 56]
const KEYBOARDS = [0, 0, 0, 0, 4, 6, 24, 46, 48, 19]
const DEFAULT_BPM: [number, number] = [70, 120]
const BEATS_MIN = 20
const PHRASE_MEASURES = 4

/** Felt beats a measure, where all measures agree. */
const metreOf = (measures: Measure[]): { beatsPerBar: number; timeSignature: string } | undefined => {
  const { beats, beatType } = measures[0]!
  if (measures.some((measure) => measure.beats !== beats || measure.beatType !== beatType)) return undefined
  return {
    beatsPerBar: Math.round((beats * 4) / beatType / beatUnit(measures[0]!)),
    timeSignature: `${beats}/${beatType}`,
  }
}

/** One measure's beats, as places in quarters from its beginning. */
const beatsIn = (measure: Measure) => {
  const unit = beatUnit(measure)
  const pickup = measure.length < (measure.beats * 4) / measure.beatType - 1e-6
  const first = pickup ? measure.length - Math.floor(measure.length / unit + 1e-6) * unit : 0
  const beats: number[] = []
  for (let beat = first; beat < measure.length - 1e-6; beat += unit) beats.push(beat)
  return { pickup, beats }
}

/** A tempo that wanders, and slows towards the end of phrases; both differ from singer to singer. */
const conductor = (id: string, measures: Measure[]) => {
  const random = randomFrom(hashOf(`tempo ${id}`))
  const wander = pick(random, [0.002, 0.006, 0.012])
  const rubato = pick(random, [0, 0.01, 0.03, 0.06])
  let quarterBpm = measures[0]!.tempo ?? between(random, ...DEFAULT_BPM)
  let factor = 1
  return (measure: Measure, index: number) => {
    quarterBpm = measure.tempo ?? quarterBpm
    factor += wander * (random() * 2 - 1) * 2 - 0.1 * (factor - 1)
    const slower = 1 + rubato * (2 * ((index % PHRASE_MEASURES) / (PHRASE_MEASURES - 1)) ** 2 - 0.5)
    return (60 / quarterBpm) * factor * slower
  }
}

/** Lays measures out in time. */
const perform = (id: string, measures: Measure[], seconds: number): Score | undefined => {
  const random = randomFrom(hashOf(id))
  const programs = [pick(random, VOICES), pick(random, KEYBOARDS)]
  const quarterSecOf = conductor(id, measures)
  let at = between(random, 0.1, 1)
  const notes: Note[] = []
  const beats: number[] = []
  const downbeats: number[] = []
  measures.forEach((measure, index) => {
    if (at > seconds) return
    const quarterSec = quarterSecOf(measure, index)
    const places = beatsIn(measure)
    beats.push(...places.beats.map((beat) => at + beat * quarterSec))
    if (!places.pickup) downbeats.push(at)
    for (const note of measure.notes)
      if (!note.tied)
        notes.push({
          atSec: at + note.at * quarterSec + 0.006 * gaussian(random),
          durationSec: Math.max(0.08, note.length * quarterSec * 0.95),
          pitch: note.pitch,
          velocity: between(random, 62, 88) + (note.at === 0 ? 6 : 0) + (note.part === 0 ? 8 : 0),
          program: programs[Math.min(1, note.part)]!,
        })
    at += measure.length * quarterSec
  })
  if (beats.length < BEATS_MIN) return undefined
  const key = keyOf(measures)
  const truth = { bpm: medianBpm(beats), beats, downbeats, onsets: onsetsOf(notes), chords: [], sections: [] }
  return {
    id,
    style: 'lieder',
    notes: notes.sort((a, b) => a.atSec - b.atSec),
    durationSec: at,
    truth: { ...truth, keys: [], ...(key ? { key } : {}), ...metreOf(measures) },
  }
}

/** The songs of a folder, in an order that is always the same. */
export const liederNames = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.mxl'))
    .map((name) => name.replace('.mxl', ''))
    .sort((a, b) => hashOf(a) - hashOf(b))

/** The first `seconds` of a song (the key is that of the whole); undefined for one too short or without notes. */
export const readLied = (folder: string, name: string, seconds = 60): Score | undefined => {
  const xml = unzipScore(readFileSync(join(folder, `${name}.mxl`)))
  const measures = xml ? readScore(xml) : []
  return measures.length > 4 ? perform(name, measures, seconds) : undefined
}
