/** What pictures for things without one are drawn of: rhythms as paths in a square of 100 by 100. */
import type { Chance } from './chance.ts'

/** One path, filled, or drawn with a line of `line` units; the lower voice, the upper one, or the one that stands out. */
export type Layer = { d: string; voice: 'low' | 'high' | 'lead'; line?: number }
export type Form = (c: Chance) => Layer[]

type Point = readonly [x: number, y: number]

const n = (x: number): string => String(Math.round(x * 10) / 10)
const disc = (x: number, y: number, r: number): string =>
  `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 1 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 1 ${n(-2 * r)} 0z`
const stroke = (x1: number, y1: number, x2: number, y2: number): string => `M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}`
/** Points of a circle; degrees, clockwise from the top. */
const onCircle = (x: number, y: number, r: number, deg: number): Point => [
  x + r * Math.sin((deg * Math.PI) / 180),
  y - r * Math.cos((deg * Math.PI) / 180),
]
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Voices that begin together, mirrored: they hang, stand, or swing about the middle. */
const voices: Form = (c) => {
  const half = c.whole(2, 5)
  const lengths = range(half + 1).map(() => c.between(10, 62))
  const gap = 66 / (2 * half + 1)
  const stand = c.pick(['hang', 'stand', 'swing'])
  const bar = (i: number) => {
    const length = lengths[Math.abs(i)] ?? 20
    const x = 50 + i * gap
    if (stand === 'swing') return stroke(x, 50 - length / 2, x, 50 + length / 2)
    return stand === 'hang' ? stroke(x, 19, x, 19 + length) : stroke(x, 81, x, 81 - length)
  }
  const all = range(2 * half + 1).map((i) => i - half)
  const lead = c.whole(0, half)
  const of = (isLead: boolean) => all.filter((i) => (Math.abs(i) === lead) === isLead).map(bar)
  const line = gap * c.between(0.42, 0.7)
  return [
    { d: of(false).join(''), voice: 'high', line },
    { d: of(true).join(''), voice: 'lead', line },
  ]
}

/** Grooves: arcs of differing reach around one middle. */
const grooves: Form = (c) => {
  const [x, y] = c.pick<Point>([
    [50, 50],
    [18, 82],
    [82, 18],
    [50, 96],
    [20, 20],
  ])
  const reach = x === 50 && y === 50 ? 40 : 78
  const count = c.whole(4, 7)
  const step = reach / (count + 0.5)
  const arc = (i: number) => {
    const r = step * (i + 1)
    const from = c.between(0, 360)
    const sweep = c.between(110, 320)
    const [x1, y1] = onCircle(x, y, r, from)
    const [x2, y2] = onCircle(x, y, r, from + sweep)
    return `M${n(x1)} ${n(y1)}A${n(r)} ${n(r)} 0 ${sweep > 180 ? 1 : 0} 1 ${n(x2)} ${n(y2)}`
  }
  const line = step * c.between(0.36, 0.62)
  const lead = c.whole(0, count - 1)
  return range(count).map((i): Layer => ({ d: arc(i), voice: i === lead ? 'lead' : i % 2 ? 'low' : 'high', line }))
}

/** Hills of sound, the near ones over the far ones, under one disc. */
const hills: Form = (c) => {
  const count = c.whole(3, 5)
  const hill = (i: number) => {
    const base = 42 + (46 * i) / count + c.between(-4, 4)
    const height = c.between(5, 15)
    const [wide, from] = [c.between(0.05, 0.11), c.between(0, 6.3)]
    const tops = range(21).map((k) => `L${k * 5} ${n(base + height * Math.sin(k * 5 * wide + from))}`)
    return `M0 100${tops.join('')}L100 100z`
  }
  const sun = disc(c.between(20, 80), c.between(20, 34), c.between(8, 15))
  return [{ d: sun, voice: 'lead' }, ...range(count).map((i): Layer => ({ d: hill(i), voice: i % 2 ? 'high' : 'low' }))]
}

/** A step sequencer: in each row so many beats, spread as evenly as they go (Bjorklund's rhythms). */
const steps: Form = (c) => {
  const size = c.whole(4, 7)
  const cell = 72 / size
  const dots = { beat: '', rest: '', lead: '' }
  const leadRow = c.whole(0, size - 1)
  for (const row of range(size)) {
    const beats = c.whole(1, size - 1)
    const turn = c.whole(0, size - 1)
    for (const column of range(size)) {
      const isBeat = ((column + turn) * beats) % size < beats
      const at = [14 + cell * (column + 0.5), 14 + cell * (row + 0.5)] as const
      const kind = isBeat ? (row === leadRow ? 'lead' : 'beat') : 'rest'
      dots[kind] += disc(...at, cell * (isBeat ? 0.36 : 0.12))
    }
  }
  return [
    { d: dots.rest, voice: 'low' },
    { d: dots.beat, voice: 'high' },
    { d: dots.lead, voice: 'lead' },
  ]
}

/** Rays that begin on one beat. */
const rays: Form = (c) => {
  const [x, y] = c.pick<Point>([
    [50, 50],
    [50, 92],
    [10, 90],
  ])
  const count = y === 50 ? c.whole(9, 20) : c.whole(24, 36)
  const inner = c.between(9, 16)
  const lengths = range(c.whole(2, 4)).map(() => c.between(8, y === 50 ? 28 : 52))
  const ray = (i: number) => {
    const deg = (360 * i) / count
    const [x1, y1] = onCircle(x, y, inner, deg)
    const [x2, y2] = onCircle(x, y, inner + (lengths[i % lengths.length] ?? 20), deg)
    return stroke(x1, y1, x2, y2)
  }
  const of = (isFirst: boolean) =>
    range(count)
      .filter((i) => (i % lengths.length === 0) === isFirst)
      .map(ray)
  const line = Math.min(5, (2 * Math.PI * inner) / count) * c.between(0.5, 0.75)
  return [
    { d: of(true).join(''), voice: 'high', line },
    { d: of(false).join(''), voice: 'lead', line },
    { d: disc(x, y, inner * 0.45), voice: 'lead' },
  ]
}

/** A piano roll: notes of differing length, row over row. */
const roll: Form = (c) => {
  const rows = c.whole(5, 8)
  const height = 72 / rows
  const notes: [string[], string[], string[]] = [[], [], []]
  for (const row of range(rows)) {
    const y = 14 + height * (row + 0.5)
    for (let x = 14 + c.between(0, 18); x < 84; ) {
      const end = Math.min(86, x + c.pick([4, 9, 16, 27]))
      notes[c.pick([0, 1, 1, 2] as const)].push(stroke(x, y, end, y))
      x = end + c.between(7, 16)
    }
  }
  const line = height * 0.52
  return (['low', 'high', 'lead'] as const).map((voice, i) => ({ d: notes[i as 0 | 1 | 2].join(''), voice, line }))
}

/** A disc in strips that grow thinner: an evening, or a label. */
const strips: Form = (c) => {
  const [r, count] = [c.between(27, 36), c.whole(4, 8)]
  const thick = (2 * r) / count
  const turn = c.pick(['across', 'down'])
  const strip = (i: number) => {
    const off = -r + thick * (i + 0.5)
    const half = Math.sqrt(Math.max(0, r * r - off * off))
    return turn === 'across'
      ? stroke(50 - half, 50 + off, 50 + half, 50 + off)
      : stroke(50 + off, 50 - half, 50 + off, 50 + half)
  }
  const lead = c.whole(0, count - 1)
  return range(count).map(
    (i): Layer => ({ d: strip(i), voice: i === lead ? 'lead' : 'high', line: thick * (0.78 - (0.5 * i) / count) }),
  )
}

/** Discs that overlap, as tones of one chord. */
const chord: Form = (c) => {
  const count = c.whole(3, 4)
  const from = c.between(0, 360)
  const [r, away] = [c.between(17, 24), c.between(11, 18)]
  return range(count).map((i): Layer => {
    const [x, y] = onCircle(50, 50, away, from + (360 * i) / count)
    return { d: disc(x, y, r), voice: (['high', 'lead', 'low', 'high'] as const)[i] ?? 'low' }
  })
}

export const FORMS: readonly [Form, ...Form[]] = [voices, grooves, hills, steps, rays, roll, strips, chord]
