/** Standard MIDI file (format 0) of a score: milliseconds as ticks, channels given out to programs. */
import type { Note } from './score.ts'

const DRUM_CHANNEL = 9
const TICKS_PER_SEC = 1000

const variableLength = (value: number): number[] => {
  const out = [value & 127]
  for (let rest = value >> 7; rest > 0; rest >>= 7) out.unshift((rest & 127) | 128)
  return out
}

const channelMap = (notes: readonly Note[]) => {
  const map = new Map<number, number>()
  for (const { program } of notes)
    if (typeof program === 'number' && !map.has(program))
      map.set(program, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15][map.size % 15]!)
  return map
}

/** @param tuningCents moves everything but drums by pitch bend (range ±2 semitones). What is sung is left out. */
export const midiOf = (all: readonly Note[], tuningCents: number, kit: number): Buffer => {
  const notes = all.filter(({ program }) => program !== 'voice')
  const channels = channelMap(notes)
  const events: { tick: number; order: number; bytes: number[] }[] = []
  events.push({ tick: 0, order: 0, bytes: [0xc0 | DRUM_CHANNEL, kit] })
  const bend = Math.round(8192 + (tuningCents / 200) * 8192)
  for (const [program, channel] of channels) {
    events.push({ tick: 0, order: 0, bytes: [0xc0 | channel, program] })
    events.push({ tick: 0, order: 0, bytes: [0xe0 | channel, bend & 127, bend >> 7] })
  }
  for (const note of notes) {
    const channel = typeof note.program === 'number' ? channels.get(note.program)! : DRUM_CHANNEL
    const on = Math.max(0, Math.round(note.atSec * TICKS_PER_SEC))
    const off = on + Math.max(20, Math.round(note.durationSec * TICKS_PER_SEC))
    const velocity = Math.max(1, Math.min(127, Math.round(note.velocity)))
    events.push({ tick: on, order: 2, bytes: [0x90 | channel, note.pitch, velocity] })
    events.push({ tick: off, order: 1, bytes: [0x80 | channel, note.pitch, 0] })
  }
  events.sort((a, b) => a.tick - b.tick || a.order - b.order)
  const track: number[] = [0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40] // one million microseconds a quarter
  let now = 0
  for (const { tick, bytes } of events) {
    track.push(...variableLength(tick - now), ...bytes)
    now = tick
  }
  track.push(0, 0xff, 0x2f, 0)
  const header = Buffer.from([0x4d, 0x54, 0x68, 0x64, 0, 0, 0, 6, 0, 0, 0, 1, TICKS_PER_SEC >> 8, TICKS_PER_SEC & 255])
  const chunk = Buffer.alloc(8)
  chunk.write('MTrk')
  chunk.writeUInt32BE(track.length, 4)
  return Buffer.concat([header, chunk, Buffer.from(track)])
}
