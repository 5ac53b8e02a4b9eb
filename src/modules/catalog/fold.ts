import { variantsOf } from './search/variants.ts'

/** Longest word kept for search; what is longer is cut. */
const WORD_MAX_CHARS = 60
/** Words of one search document. */
const WORDS_MAX = 200
/** A btree row holds at most 2.7 kB; four of these with separators fit. */
export const SORT_KEY_MAX_CHARS = 150

// Letters that Unicode does not decompose.
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŀ: 'l',
  þ: 'th',
  ŧ: 't',
  ŋ: 'n',
  ĸ: 'k',
}
const SPECIAL = /[ßæœøđðħıłŀþŧŋĸ]/g
const ARTICLES = /^(?:the|an?|el|la|los|las|les?|der|die|das|il|lo|gli|os|as) (?=\S)/
// Han, kana and Thai are written without spaces: each character is a word.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu

/** Text that PostgreSQL can store: no U+0000, no lone surrogates. */
export const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** Lower case without diacritics: `Björk` -> `bjork`, `STRAßE` -> `strasse`, `ﬁ` -> `fi`. Punctuation stays. */
export const foldLetters = (text: string): string => (ASCII.test(text) ? text.toLowerCase() : foldAny(text))
const ASCII = /^[ -~]*$/
const foldAny = (text: string): string =>
  storable(text)
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .replace(SPECIAL, (c) => LETTERS[c] ?? c)
    .normalize('NFC')

/** Letters and digits parted by single spaces; apostrophes join (`don't` -> `dont`). Empty when there are none. */
export const fold = (text: string): string =>
  foldLetters(text)
    .replace(/(?<=\p{L})['’ʼ`´](?=\p{L})/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/**
 * What makes two names the same: their fold, or for names of signs alone (`!!!`, `+/-`) the signs themselves.
 * Never empty.
 */
export const identityKey = (name: string): string => fold(name) || foldLetters(name).trim() || '?'

/** Sorts as a shop would: folded, leading article dropped when something follows it. Never empty. */
export const sortKey = (name: string): string =>
  identityKey(name).replace(ARTICLES, '').slice(0, SORT_KEY_MAX_CHARS).toWellFormed()

const spaced = (folded: string): string => folded.replace(UNSPACED, ' $& ')

/** As long as words are kept for search; the database refuses very long ones. */
export const cut = (word: string): string =>
  word.length > WORD_MAX_CHARS ? word.slice(0, WORD_MAX_CHARS).toWellFormed() : word
/** The words a query is made of, in order. */
export const queryWords = (text: string): string[] => {
  const folded = fold(text)
  const words = (ASCII.test(folded) ? folded : spaced(folded)).split(' ')
  return words.filter((w) => w !== '').map(cut)
}

/** The distinct words by which texts are found, at most {@link WORDS_MAX}; only letters and digits. */
export function documentWords(texts: readonly string[]): string[] {
  const words = new Set<string>()
  const add = (word: string) => {
    if (word !== '' && words.size < WORDS_MAX) words.add(cut(word))
  }
  // What is written comes first: of a very long text only other spellings are left out.
  for (const text of texts) queryWords(text).forEach(add)
  for (const text of texts) variantsOf(storable(text)).forEach(add)
  return [...words]
}

/** The words as a literal of PostgreSQL's `tsvector`; they hold no quote, so none needs escaping. */
export const searchLiteral = (words: readonly string[]): string => words.map((w) => `'${w}'`).join(' ')
