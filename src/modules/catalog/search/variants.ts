import { fold, foldLetters } from '#modules/catalog/fold.ts'
import { romanize } from './romanize.ts'

/** Runs of Han and kana: `坂本九`, `きゃりー`. */
const UNSPACED_RUN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々]+/gu
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u
/** One Han character, or kana that belong together. */
const SYLLABLE = /\p{Script=Han}|[\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu
const NUMERALS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ')
const ROMAN = 'I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX'.split(' ')

const tokens = (text: string): string[] => text.split(/\s+/).filter((t) => t !== '')
const lettersOnly = (text: string): string => foldLetters(text).replace(/[^\p{L}\p{N}]+/gu, '')

/** Signs that stand for letters: `P!nk` -> `Pink`, `Ke$ha` -> `Kesha`, `A$AP` -> `ASAP`. */
export const withoutSigns = (token: string): string =>
  token
    .replace(/(?<=\p{L})!(?=\p{L})/gu, 'i')
    .replace(/\$(?=\p{L})|(?<=\p{L})\$/gu, 's')
    .replace(/(?<=\p{L})@(?=\p{L})/gu, 'a')

/** `AC/DC`, `R.E.M.`, `Jay-Z`, `B-52's` are also typed in one word, `P!nk` as it is said. */
export function joined(token: string): string[] {
  if (!/[\p{L}\p{N}][^\p{L}\p{N}\p{M}]+[\p{L}\p{N}]|\$/u.test(token)) return []
  return [lettersOnly(token), lettersOnly(withoutSigns(token))]
}

/** `l'amour` is also looked for as `amour`. */
const parted = (token: string): string[] =>
  /\p{L}['’ʼ`´]\p{L}/u.test(token) ? foldLetters(token).split(/[^\p{L}\p{N}]+/u) : []

/** `Mötley` -> `moetley`: as German and Nordic letters are typed where there are none. */
const UMLAUTS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe' }
const unfolded = (token: string): string[] => {
  const lower = token.normalize('NFC').toLowerCase()
  return /[äöüåø]/.test(lower) ? fold(lower.replace(/[äöüåø]/g, (c) => UMLAUTS[c] ?? c)).split(' ') : []
}

/** `II` -> `2`, `7` <-> `seven`; one letter may be anything but a number. */
function numbers(token: string, at: number): string[] {
  const bare = token.replace(/[^\p{L}\p{N}]/gu, '')
  const roman = bare.length > 1 || (at > 0 && bare === 'V') ? ROMAN.indexOf(bare) + 1 : 0
  if (roman > 0) return [String(roman)]
  if (/^\d{1,2}$/.test(bare)) return [NUMERALS[Number(bare)] ?? '']
  const said = NUMERALS.indexOf(bare.toLowerCase())
  return said >= 0 ? [String(said)] : []
}

/** `&`, `+` and `'n'` are said "and". */
const conjunction = (token: string): string[] =>
  /^(?:&|\+|['’‘]?n['’‘]?)$/i.test(token) || /\p{L}(?:&|['’]n['’])\p{L}/iu.test(token) ? ['and'] : []

/** Scripts written without spaces: each syllable, every two that follow each other, and the whole. */
function ofUnspaced(run: string): string[] {
  const syllables = (run.match(SYLLABLE) ?? []).map(romanize).filter((s) => s !== '')
  const pairs = KANA.test(run) ? [] : syllables.slice(1).map((s, i) => (syllables[i] as string) + s)
  return [...syllables, ...pairs, syllables.join('')]
}
const isLatin = (text: string): boolean => !/[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u.test(text)

/** How words of other scripts are written with Latin letters. */
export function romanized(text: string): string[] {
  if (isLatin(text)) return []
  const runs = text.match(UNSPACED_RUN) ?? []
  const words = text.replace(UNSPACED_RUN, ' ').split(/[^\p{L}\p{M}\p{N}]+/u)
  return [...runs.flatMap(ofUnspaced), ...words.filter((w) => !isLatin(w)).map(romanize)]
}

/** Signs within a word, signs and digits that are said, other letters than plain ones; numbers and conjunctions. */
const UNUSUAL = /[a-z0-9][^a-z0-9\s]+[a-z0-9]|[$&+\d]|[^ -~]/i
const SAID = new RegExp(`\\b(?:${NUMERALS.join('|')}|n)\\b`, 'i')
const ROMAN_NUMERAL = /\b[IVX]{2,5}\b|\sV\b/
/** Other spellings of the words of a text, by which it is found, too. */
export function variantsOf(text: string): string[] {
  if (!UNUSUAL.test(text) && !SAID.test(text) && !ROMAN_NUMERAL.test(text)) return []
  const all = tokens(text).flatMap((token, i) => [
    ...joined(token),
    ...parted(token),
    ...unfolded(token),
    ...numbers(token, i),
    ...conjunction(token),
  ])
  return [...all, ...romanized(text)].filter((w) => w !== '')
}
