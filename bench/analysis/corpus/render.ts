/** From a score to sound: which soundfont, kit, tuning and speed a piece gets, and the truth as it then sounds. */
import { treat } from './effects.ts'
import { type Font, FONTS, isThere, KIT_PITCHES, KITS, renderFont, SAMPLE_RATE, type Split } from './fonts.ts'
import { between, faster, hashOf, pick, type Random, randomFrom, type Score, type Truth } from './score.ts'
import { STYLES } from './styles/index.ts'
import { synthesise } from './synth.ts'
import { sing } from './voice.ts'

/** Raise after any change that alters sound but not scores. */
export const RENDER_VERSION = 1

/** Everything that decides the sound. `font` undefined: our own synthesiser. */
export type Sound = {
  font?: Font
  kit?: Font
  kitProgram: number
  tuningCents: number
  speed: number
  voiceLevel: number
}

const OWN_SYNTH_SHARE = 0.08
const KIT_SHARE = 0.3
const SPEED_SHARE = 0.2
const TUNED_SHARE = 0.5
/** Further off, and the nearest semitone would be another. */
const OFF_MAX_CENTS = 44
const SPEED_MAX = 0.04

/** Whole pieces off 440 Hz, by tuning of the instruments or by speed, so that keys and chords keep their names. */
const pitchOf = (random: Random) => {
  const offCents = random() < TUNED_SHARE ? between(random, -50, 49) : 0
  const speed = random() < SPEED_SHARE ? between(random, 1 - SPEED_MAX, 1 + SPEED_MAX) : 1
  const totalCents = Math.max(-OFF_MAX_CENTS, Math.min(OFF_MAX_CENTS, offCents))
  return { speed, tuningCents: totalCents - 1200 * Math.log2(speed) }
}

/** Sounds for a piece, by its name, of those its split may hear. */
export const soundOf = (score: Score, split: Split): Sound => {
  const random = randomFrom(hashOf(`sound ${split} ${score.id}`))
  const allowed = (fonts: Font[]) => fonts.filter((font) => font.splits.includes(split) && isThere(font))
  const fonts = allowed(FONTS)
  const kits = allowed(KITS)
  const own = random() < OWN_SYNTH_SHARE && split !== 'held-out'
  const font = fonts.length > 0 && !own ? pick(random, fonts) : undefined
  const kit = font && kits.length > 0 && random() < KIT_SHARE ? pick(random, kits) : undefined
  const kitProgram = pick(random, STYLES[score.style]?.kits ?? [0])
  const { speed, tuningCents } = pitchOf(random)
  const voiceLevel = between(random, 0.08, 0.3)
  return { ...(font ? { font } : {}), ...(kit ? { kit } : {}), kitProgram, tuningCents, speed, voiceLevel }
}

/** Cubic interpolation; the pitch moves along, as on tape. */
const sped = (x: Float32Array, speed: number): Float32Array => {
  if (speed === 1) return x
  return Float32Array.from({ length: Math.floor(x.length / speed) }, (_, i) => {
    const at = i * speed
    const n = Math.floor(at)
    const t = at - n
    const [a, b, c, d] = [x[n - 1] ?? 0, x[n] ?? 0, x[n + 1] ?? 0, x[n + 2] ?? 0]
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
  })
}

const add = (out: Float32Array, x: Float32Array) => {
  for (let i = 0; i < Math.min(out.length, x.length); i++) out[i]! += x[i]!
}

const instruments = (score: Score, { font, kit, kitProgram, tuningCents }: Sound): Float32Array => {
  if (!font) return synthesise(score, tuningCents)
  const out = new Float32Array(Math.ceil(score.durationSec * SAMPLE_RATE))
  const ofKit = ({ program, pitch }: Score['notes'][number]) =>
    kit !== undefined && program === 'drums' && pitch >= KIT_PITCHES.from && pitch <= KIT_PITCHES.to
  add(
    out,
    renderFont(
      font,
      score.notes.filter((note) => !ofKit(note)),
      tuningCents,
      kitProgram,
    ),
  )
  const drums = score.notes.filter(ofKit)
  if (kit && drums.length > 0) add(out, renderFont(kit, drums, 0, 0))
  return out
}

/** Mono at 44.1 kHz. */
export const render = (score: Score, sound: Sound): Float32Array => {
  const out = instruments(score, sound)
  let peak = 1e-9
  for (const value of out) peak = Math.max(peak, Math.abs(value))
  sing(
    out,
    score.notes,
    score.id,
    2 ** (sound.tuningCents / 1200),
    sound.voiceLevel * Math.max(0.5, Math.min(1, peak * 3)),
  )
  return treat(sped(out, sound.speed), `${score.style} ${score.id}`, SAMPLE_RATE).audio
}

/** The truth of the rendering. */
export const truthOf = (score: Score, sound: Sound): Truth => ({
  ...faster(score.truth, sound.speed),
  tuningHz: 440 * 2 ** (sound.tuningCents / 1200) * sound.speed,
})
