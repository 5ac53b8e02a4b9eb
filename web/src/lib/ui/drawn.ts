/** Pictures for what has none: hue, form and rhythm of their own, the same on every visit. */
import { chanceOf, hashOf } from './chance.ts'
import { FORMS, type Layer } from './forms.ts'

export const hueFor = (key: string): number => hashOf(key) % 360

/** `deep`: light on dark; `bright`: on a strong ground; `pale`: dark on light. */
export type Tone = 'deep' | 'bright' | 'pale'
export type Drawn = {
  hue: number
  /** Hue of what stands out. */
  second: number
  /** Direction of the ground's gradient, degrees. */
  slopeDeg: number
  tone: Tone
  layers: Layer[]
}

/** How far the second hue stands from the first: neighbours, a third, and across. */
const SECONDS_DEG = [38, -42, 75, -90, 140, 180] as const
const TONES = ['deep', 'deep', 'bright', 'bright', 'pale'] as const

export function drawnFor(key: string): Drawn {
  const c = chanceOf(key)
  const hue = hueFor(key)
  return {
    hue,
    second: (hue + c.pick(SECONDS_DEG) + 360) % 360,
    slopeDeg: c.pick([20, 90, 150, 180, 225]),
    tone: c.pick(TONES),
    layers: c.pick(FORMS)(c),
  }
}

/** Half of the voices with the middle one: the other half mirrors them. */
const VOICES = 5
/** Nine lengths, 0.2..1, mirrored: the mark of a genre. */
export function voicesFor(key: string): number[] {
  const c = chanceOf(key)
  const half = Array.from({ length: VOICES }, () => c.between(0.2, 1))
  return [...half.slice(1).toReversed(), ...half]
}

export const initialsOf = (name: string): string =>
  name
    .split(/\s+/)
    .map((w) => w.replace(/^[^\p{L}\p{N}]+/u, ''))
    .filter((w) => w !== '')
    .slice(0, 2)
    .map((w) => String.fromCodePoint(w.codePointAt(0) ?? 32))
    .join('')
    .toUpperCase()
