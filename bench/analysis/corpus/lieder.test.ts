import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { liederNames, readLied } from './lieder.ts'

/** A zip of one packed file, as compressed MusicXML is. */
const zipped = (name: string, text: string) => {
  const packed = deflateRawSync(text)
  const local = Buffer.alloc(30 + name.length)
  local.writeUInt32LE(0x04_03_4b_50, 0)
  local.writeUInt16LE(name.length, 26)
  local.write(name, 30)
  const entry = Buffer.alloc(46 + name.length)
  entry.writeUInt32LE(0x02_01_4b_50, 0)
  entry.writeUInt16LE(8, 10)
  entry.writeUInt32LE(packed.length, 20)
  entry.writeUInt16LE(name.length, 28)
  entry.write(name, 46)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06_05_4b_50, 0)
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(local.length + packed.length, 16)
  return Buffer.concat([local, packed, entry, end])
}

const note = (step: string, octave: number, duration: number, more = '') =>
  `<note>${more}<pitch><step>${step}</step><octave>${octave}</octave></pitch><duration>${duration}</duration></note>`
const measure = (n: number, body: string) => `<measure number="${n}">${body}</measure>`
const chord = (steps: string[], duration: number) =>
  steps.map((step, i) => note(step, 3, duration, i > 0 ? '<chord/>' : '')).join('')

/** D major, 3/4, a pick-up of one quarter, `bars` whole bars of two parts. */
const song = (bars: number) => {
  const attributes =
    '<attributes><divisions>2</divisions><key><fifths>2</fifths></key><time><beats>3</beats><beat-type>4</beat-type></time></attributes><sound tempo="90"/>'
  const all = Array.from({ length: bars }, (_, i) => i)
  const voice = all.map((i) => measure(i + 1, note('A', 4, 2) + note('B', 4, 2) + note('A', 4, 2)))
  const piano = all.map((i) => measure(i + 1, chord(['D', 'F', 'A'], 6)))
  return `<score-partwise><part id="P1">${measure(0, attributes + note('A', 4, 2))}${voice.join('')}</part>
    <part id="P2">${measure(0, `${attributes}<forward><duration>2</duration></forward>`)}${piano.join('')}</part></score-partwise>`
}

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-lieder-'))
  writeFileSync(join(folder, 'long.mxl'), zipped('score.xml', song(12)))
  writeFileSync(join(folder, 'short.mxl'), zipped('score.xml', song(2)))
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('a song: beats with the pick-up, downbeats, time signature, key by its last bass note, both parts', () => {
  const { truth, notes, durationSec } = readLied(folder, 'long')!
  assert.equal(truth.beats.length, 1 + 12 * 3)
  assert.deepEqual(
    truth.downbeats,
    truth.beats.filter((_, i) => i % 3 === 1),
  )
  assert.equal(truth.timeSignature, '3/4')
  assert.equal(truth.beatsPerBar, 3)
  assert.deepEqual(truth.key, { tonic: 2, mode: 'major' })
  assert.ok(Math.abs(truth.bpm! - 90) < 9, String(truth.bpm))
  assert.equal(notes.length, 1 + 12 * (3 + 3))
  assert.ok(durationSec > truth.beats.at(-1)!)
})

test('the first seconds of a song, and none of one that is too short', () => {
  const { truth } = readLied(folder, 'long', 16)!
  assert.ok(truth.beats.at(-1)! < 16 + 3 && truth.beats.length < 1 + 12 * 3, String(truth.beats.at(-1)))
  assert.equal(readLied(folder, 'short'), undefined)
})

test('songs come in an order that is always the same', () => {
  assert.deepEqual(liederNames(folder), liederNames(folder))
  assert.deepEqual(liederNames(folder).sort(), ['long', 'short'])
})
