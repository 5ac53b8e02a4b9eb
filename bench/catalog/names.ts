import type { Random } from './random.ts'
import type { Tongue } from './words.ts'

const capital = (word: string): string => word.charAt(0).toLocaleUpperCase() + word.slice(1)
const word = (t: Tongue, r: Random): string => t.words[r.zipf(t.words.length)] as string

/** So many words as a title writes them; capitals where the script has them. */
function phrase(t: Tongue, r: Random, count: number): string {
  const words = Array.from({ length: count }, () => word(t, r))
  return t.space === '' ? words.join('') : words.map(capital).join(t.space)
}

export const personName = (t: Tongue, r: Random): string =>
  t.space === '' ? `${r.pick(t.family)}${r.pick(t.given)}` : `${r.pick(t.given)} ${r.pick(t.family)}`

/** Names of bands and people as they stand in shops. */
export function artistName(t: Tongue, r: Random): string {
  const kind = r.unit()
  if (kind < 0.34) return `${personName(t, r)}${r.chance(0.75) ? ` ${capital(word(t, r))}` : ''}`.trim()
  if (t.name !== 'english') return phrase(t, r, 1 + r.below(3))
  if (kind < 0.56) return `The ${phrase(t, r, 1 + r.below(2))}s`
  if (kind < 0.62) return `${personName(t, r)} & The ${phrase(t, r, 1)}s`
  if (kind < 0.66) return `DJ ${phrase(t, r, 1)}`
  if (kind < 0.67) return `${phrase(t, r, 1).slice(0, 2).toUpperCase()}/${phrase(t, r, 1).slice(0, 2).toUpperCase()}`
  return phrase(t, r, 1 + r.below(3))
}

const EDITIONS = ['(Deluxe Edition)', '(Remastered)', '(Live)', 'Vol. 2', '(Expanded)', '(Original Soundtrack)']
export function albumTitle(t: Tongue, r: Random): string {
  const title = phrase(t, r, 1 + r.zipf(4))
  return r.chance(0.1) ? `${title} ${r.pick(EDITIONS)}` : title
}

const VERSIONS = ['(Live)', '(Remix)', '(Acoustic)', '- Remastered 2011', '(Demo)', '(Instrumental)', '(Radio Edit)']
export function songTitle(t: Tongue, r: Random): string {
  if (r.chance(0.01)) return r.pick(['Intro', 'Outro', 'Interlude', 'Untitled', '!!!', '99', '1979', '4′33″'])
  const title = phrase(t, r, 1 + r.zipf(6))
  return r.chance(0.07) ? `${title} ${r.pick(VERSIONS)}` : title
}
