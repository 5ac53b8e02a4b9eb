import ignore from 'ignore'
import { badRequest } from '#kernel/errors.ts'

/** Files in the tree that say what is no music; Navidrome calls its own `.ndignore`. */
export const IGNORE_FILES: readonly string[] = ['.tuttiignore', '.ndignore']
/** What is longer is no file of rules: its folder counts as unreadable. */
export const IGNORE_FILE_MAX_BYTES = 20_000
/** Rules that hold for one folder: those of the music folder and of every file on the way down. */
export const RULES_MAX = 1000
const RULE_MAX_CHARS = 1000
/** Each `**` multiplies the ways in which a deep path may match. */
const GLOBSTARS_MAX = 3

/**
 * Rules as lines of `.gitignore` relative to the music folder. Names are bytes: what is not UTF-8 stands as lone
 * surrogates (0xDC80 + n), in rules as in names, so that every name can be told from every other.
 */
export type Rules = readonly string[]

const fatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const REPLACED = /\ufffd/

/** Bytes as text without loss; composed, because the same name may be written decomposed on another system. */
export function textOfBytes(bytes: Uint8Array): string {
  const text = lenient.decode(bytes)
  if (!REPLACED.test(text) || isUtf8(bytes)) return text.normalize('NFC')
  return escaped(bytes)
}
function isUtf8(bytes: Uint8Array): boolean {
  try {
    fatal.decode(bytes)
    return true
  } catch {
    return false
  }
}
/** UTF-8 where it is, one surrogate a byte where it is not. */
function escaped(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; ) {
    const length = [1, 2, 3, 4].find((n) => i + n <= bytes.length && isUtf8(bytes.subarray(i, i + n)))
    text += length ? fatal.decode(bytes.subarray(i, i + length)) : String.fromCharCode(0xdc00 + (bytes[i] as number))
    i += length ?? 1
  }
  return text.normalize('NFC')
}

const linesOf = (text: string): string[] =>
  text
    .normalize('NFC')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    // Spaces at the end count only when they are escaped.
    .map((line) => line.replace(/(?<!\\)[\t ]+$/, ''))

const isRule = (line: string): boolean => line !== '' && !line.startsWith('#')

/** Why a line can be no rule, or undefined. */
function faultOf(line: string): string | undefined {
  const body = line.startsWith('!') ? line.slice(1) : line
  if (line.length > RULE_MAX_CHARS) return `is longer than ${RULE_MAX_CHARS} characters`
  if (line.includes('\0')) return 'holds a character of code 0'
  if (/^\/*$/.test(body)) return 'names nothing'
  if (/(?<!\\)(?:\\\\)*\\$/.test(body)) return 'ends with a single backslash'
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(body)) return 'leads out of the folder: rules know no "." and ".."'
  if ((body.match(/\*{2,}/g) ?? []).length > GLOBSTARS_MAX) return `has more than ${GLOBSTARS_MAX} times "**"`
  if (hasOpenBracket(body)) return 'opens a "[" that nothing closes'
  return undefined
}
function hasOpenBracket(body: string): boolean {
  for (let i = 0; i < body.length; i++) {
    if (body[i] === '\\') i++
    else if (body[i] === '[') {
      // A "]" that comes first, also after "!", is one of the characters.
      const first = /^[!^]?\]?/.exec(body.slice(i + 1))?.[0].length ?? 0
      const end = body.indexOf(']', i + 1 + first)
      if (end === -1) return true
      i = end
    }
  }
  return false
}

const RULE_SPECIAL = /[\\*?[\]!# ]/g
/** A line of a file in `dir` as one that means the same from the music folder on. */
function scoped(line: string, dir: string): string {
  if (dir === '') return line
  const isNegative = line.startsWith('!')
  const body = isNegative ? line.slice(1) : line
  const isAnchored = body.slice(0, -1).includes('/')
  const below = isAnchored ? body.replace(/^\//, '') : `**/${body}`
  return `${isNegative ? '!' : ''}/${dir.replace(RULE_SPECIAL, '\\$&')}/${below}`
}

/** The rules an admin wrote. @throws 400 `ignore_invalid`, which names the line and its fault */
export function checkedRules(text: string): string {
  const lines = linesOf(text)
  if (lines.filter(isRule).length > RULES_MAX)
    throw badRequest('ignore_invalid', `At most ${RULES_MAX} ignore rules: leave some out.`)
  lines.forEach((line, i) => {
    const fault = isRule(line) ? faultOf(line) : undefined
    if (fault)
      throw badRequest('ignore_invalid', `Line ${i + 1} of the ignore rules ${fault}: "${line.slice(0, 100)}".`)
  })
  return text
}

/** Rules of the text of a file in `dir` (itself {@link textOfBytes}); what can be no rule is left out. */
export const rulesIn = (text: string, dir = ''): string[] =>
  linesOf(text)
    .filter((line) => isRule(line) && faultOf(line) === undefined)
    .slice(0, RULES_MAX)
    .map((line) => scoped(line, dir))

/** Whether something at a path below the music folder is ignored. One matcher a directory: it remembers what it saw. */
export type IsIgnored = (path: string, kind: 'file' | 'folder') => boolean
export function matcherOf(rules: Rules): IsIgnored | undefined {
  if (rules.length === 0) return undefined
  const matcher = ignore({ ignorecase: false, allowRelativePaths: true }).add(rules)
  return (path, kind) => matcher.ignores(kind === 'folder' ? `${path}/` : path)
}
