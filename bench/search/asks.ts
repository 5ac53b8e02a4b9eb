import { randomOf } from '../catalog/random.ts'
import { KNOWN, type Known } from './known.ts'

/** What is typed, and the song that is meant by it: of several of one title any will do. */
export type Ask = { readonly q: string; readonly title: string; readonly artist?: string }
export type Sort = {
  readonly name: string
  readonly asks: readonly Ask[]
  readonly top1: number
  readonly top10: number
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const WORD = /\p{Script=Latin}{4,}/gu
type Random = ReturnType<typeof randomOf>

/** One letter left out, typed twice, another, or two swapped; never the first of its word. */
function mistyped(text: string, r: Random): string {
  const words = [...text.matchAll(WORD)]
  const word = words[r.below(words.length)]
  if (!word) return text
  const at = word.index + 1 + r.below(word[0].length - 2)
  const [before, letter, after] = [text.slice(0, at), text.charAt(at), text.slice(at + 1)]
  const kind = r.below(4)
  if (kind === 0) return before + after
  if (kind === 1) return before + letter + letter + after
  if (kind === 2) return before + LETTERS.charAt(r.below(26)) + after
  return before + after.charAt(0) + letter + after.slice(1)
}

const plain = (title: string): string =>
  title
    .replace(/\s*[([].*?[)\]]\s*/g, ' ')
    .trim()
    .toLowerCase()
const bare = (text: string): string => text.normalize('NFKD').replace(/\p{Mn}/gu, '')
const isLatin = (k: Known): boolean => /^[\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]+$/u.test(k[0])
const ask = (q: string, k: Known, byArtist = false): Ask => ({ q, title: k[0], ...(byArtist ? { artist: k[1] } : {}) })

const typed = (r: Random, edits: number, longerThan: number): Ask[] =>
  KNOWN.filter((k) => isLatin(k) && plain(k[0]).length > longerThan).map((k) => {
    let q = plain(k[0])
    for (let i = 0; i < edits; i++) q = mistyped(q, r)
    return ask(q, k)
  })

/** Known items, asked for as people type: the marks are shares of those found first and among the first ten. */
export function sortsOf(seed: number): Sort[] {
  const r = randomOf(seed)
  const spaced = KNOWN.filter((k) => isLatin(k) && /^[a-z]{3,} [a-z]{3,}$/.test(plain(k[0])))
  return [
    { name: 'title in full', top1: 0.9, top10: 0.98, asks: KNOWN.map((k) => ask(plain(k[0]), k)) },
    {
      name: 'title and artist',
      top1: 0.95,
      top10: 0.99,
      asks: KNOWN.map((k) => ask(`${plain(k[0])} ${k[1].toLowerCase()}`, k, true)),
    },
    {
      name: 'artist and title',
      top1: 0.95,
      top10: 0.99,
      asks: KNOWN.map((k) => ask(`${k[1].toLowerCase()} ${plain(k[0])}`, k, true)),
    },
    {
      name: 'artist, half of the title',
      top1: 0.8,
      top10: 0.95,
      asks: KNOWN.map((k) =>
        ask(`${k[1].toLowerCase()} ${plain(k[0]).slice(0, Math.ceil(plain(k[0]).length / 2))}`, k, true),
      ),
    },
    {
      name: 'two thirds of the title',
      top1: 0.55,
      top10: 0.85,
      asks: KNOWN.filter((k) => plain(k[0]).length > 8).map((k) =>
        ask(plain(k[0]).slice(0, Math.ceil((plain(k[0]).length * 2) / 3)), k),
      ),
    },
    { name: 'title, one error', top1: 0.8, top10: 0.93, asks: typed(r, 1, 5) },
    { name: 'title, two errors', top1: 0.7, top10: 0.85, asks: typed(r, 2, 9) },
    {
      name: 'title with an error, artist',
      top1: 0.9,
      top10: 0.95,
      asks: KNOWN.filter(isLatin).map((k) => ask(`${mistyped(plain(k[0]), r)} ${k[1].toLowerCase()}`, k, true)),
    },
    {
      name: 'without diacritics',
      top1: 0.9,
      top10: 0.98,
      asks: KNOWN.filter((k) => isLatin(k) && bare(k[0] + k[1]) !== k[0] + k[1]).map((k) =>
        ask(`${bare(plain(k[0]))} ${bare(k[1].toLowerCase())}`, k, true),
      ),
    },
    {
      name: 'Latin letters for others',
      top1: 0.8,
      top10: 0.95,
      asks: KNOWN.flatMap((k) => (k[3] === undefined ? [] : [ask(k[3], k)])),
    },
    {
      name: 'a space forgotten',
      top1: 0.85,
      top10: 0.95,
      asks: spaced.map((k) => ask(plain(k[0]).replace(' ', ''), k)),
    },
    {
      name: 'a space too many',
      top1: 0.85,
      top10: 0.95,
      asks: KNOWN.filter((k) => isLatin(k) && /[a-z]{7,}/.test(plain(k[0]))).map((k) =>
        ask(plain(k[0]).replace(/([a-z]{4})([a-z]{3,})/, '$1 $2'), k),
      ),
    },
  ]
}

/** Every beginning of what somebody types, letter by letter. */
export const keystrokes = (q: string): string[] =>
  Array.from(q, (_, i) =>
    Array.from(q)
      .slice(0, i + 1)
      .join('')
      .trimStart(),
  ).filter((p) => p.trim() !== '')

const SEQUENCES = [
  'love me do',
  'the beatles',
  'i love you',
  'queen of the night',
  'never let me go',
  'night and day',
  'the sound of silence',
  'beethoven symphony no 5',
  'behtoven symphny',
  'smels like ten spirit',
  'brodken herats in the nihgt',
  'xqzvwkjh',
  'love xqzvwkjh',
  'zzzzzz aaaaaa',
  'für elise',
  'noc a den',
  'corazon de la noche',
  '月亮代表我的心',
  '周杰伦',
  'さくら',
  'zhou jielun',
  'группа крови',
  'gruppa krovi',
  'daftpunk',
  'beat les',
  'p!nk',
  'ac/dc',
  '!!!',
  'the the the the',
  'me my you the of a',
  'golden dreams of summer rain in the city',
]
/** What is typed in the bench of speed: letter by letter, the songs that people look for and what is hard. */
export const typing = (): string[] => [
  ...SEQUENCES.flatMap(keystrokes),
  ...KNOWN.filter((_, i) => i % 4 === 0).flatMap((k) => keystrokes(`${k[1].toLowerCase()} ${plain(k[0])}`)),
]
