import { PASSWORD_LENGTH_ADVISED, PASSWORD_LENGTH_MIN } from './fields.ts'
import { isCommon } from './passwords-common.ts'

/** Fewer different characters than this are a pattern, however long. */
const VARIETY_MIN = 5
/** What people put behind a common word to please a rule: a year, a sign. More of it counts as chosen by chance. */
const TAIL_LENGTH_MAX = 5
/** Names of the service, which everybody who attacks it tries. */
const OURS = ['tutti', 'music']
/** Shorter words of a person stand in too many others. */
const WORD_LENGTH_MIN = 3

/**
 * Why a password is refused, or undefined: what NIST 800-63B-4 asks for. No rules about kinds of characters, which make
 * people predictable; instead no password that is tried first. `about`: words of the person (names, e-mail).
 */
export function passwordFault(password: string, about: readonly string[]): string | undefined {
  const plain = password.normalize('NFKC').toLowerCase()
  const characters = Array.from(plain)
  if (characters.length < PASSWORD_LENGTH_MIN)
    return `The password is too short: choose ${PASSWORD_LENGTH_MIN} characters or more, better ${PASSWORD_LENGTH_ADVISED}.`
  if (new Set(characters).size < VARIETY_MIN || isRow(characters))
    return 'This password is a simple pattern: choose one with more different characters, such as three or four words.'
  if (isTriedFirst(plain))
    return 'This password is one of the most used ones, or close to one: choose another, such as three or four words.'
  if (saysWho(plain, about))
    return 'The password must not be made of your name, your e-mail or the name of this service: choose another.'
  return undefined
}

/** `12345678`, `hgfedcba`. */
function isRow(characters: readonly string[]): boolean {
  const codes = characters.map((c) => c.codePointAt(0) ?? 0)
  const step = (codes[1] ?? 0) - (codes[0] ?? 0)
  return Math.abs(step) <= 1 && codes.every((code, i) => i === 0 || code - (codes[i - 1] ?? 0) === step)
}

/** A common password, forwards or backwards, spelled with signs for letters, twice over, or with a short tail. */
function isTriedFirst(plain: string): boolean {
  const { head, core, tail } = partsOf(plain)
  const rest = head + tail
  const hasShortRest = rest.length <= TAIL_LENGTH_MAX || isCommon(rest)
  // Signs at the ends may stand for letters.
  const bare = hasShortRest ? [core, unitOf(core), head + core, core + tail] : []
  return [plain, plain.replaceAll(/\s/g, ''), unitOf(plain), ...bare].flatMap(readings).some(isCommon)
}

/** The part from the first letter to the last, and what stands around it. */
function partsOf(plain: string): { head: string; core: string; tail: string } {
  const [, head = '', core = '', tail = ''] = /^([^\p{L}]*)(.*?)([^\p{L}]*)$/su.exec(plain) ?? []
  return { head, core, tail }
}

/** What a text repeats: `dragon` of `dragondragon`; a text that repeats nothing is its own unit. */
function unitOf(text: string): string {
  const length = (text + text).indexOf(text, 1)
  return text.slice(0, length)
}

const SIGNS: Readonly<Record<string, string>> = {
  '0': 'o',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '+': 't',
}
const withLetters = (text: string, one: string): string =>
  text.replaceAll(/[034578@$+1!|]/g, (sign) => SIGNS[sign] ?? one)
/** A one may stand for an i or an l. */
const readings = (text: string): string[] => [
  text,
  Array.from(text).toReversed().join(''),
  withLetters(text, 'i'),
  withLetters(text, 'l'),
]

/** Whether nothing is left without the words of the person and of this service, or nothing but a common word. */
function saysWho(plain: string, about: readonly string[]): boolean {
  const words = [...OURS, ...about.flatMap(wordsOf)].toSorted((a, b) => b.length - a.length)
  const left = words.reduce((text, word) => text.replaceAll(word, ''), plain)
  if (left === plain) return false
  const core = partsOf(left).core.replaceAll(/[^\p{L}\p{N}]/gu, '')
  return core.length < WORD_LENGTH_MIN || readings(core).some(isCommon)
}

/** Of `Ann.Lee@example.org`: the whole, what stands before the @, and its parts. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase()
  const local = plain.split('@')[0] ?? ''
  return [plain, local, local.replaceAll(/[^\p{L}\p{N}]/gu, ''), ...local.split(/[^\p{L}\p{N}]+/u)].filter(
    (word) => word.length >= WORD_LENGTH_MIN,
  )
}
