/** Cleaning and repair of text from tags. Pure; repairs only when sure. */

/** Windows-1252 has letters and signs where Latin-1 has controls; this maps them back to their bytes. */
const CP1252 = new Map(
  Array.from({ length: 32 }, (_, i): [number, number] => {
    const byte = 0x80 + i
    return [new TextDecoder('windows-1252').decode(Uint8Array.of(byte)).codePointAt(0) ?? byte, byte]
  }),
)

/** The bytes a text was read from as Latin-1; undefined when it cannot have been. */
function latin1Bytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const byte = code <= 0xff ? code : CP1252.get(code)
    if (byte === undefined) return undefined
    bytes[i] = byte
  }
  return bytes
}

function decodeStrictly(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const letters = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

/** Cyrillic read as Latin-1 ("Ïåñíÿ"): whole words of accented letters, which no Latin language writes. */
function asCyrillic(bytes: Uint8Array, text: string): string | undefined {
  if (!/[À-ÿ]{4}/.test(text) || letters(text, /[À-ÿ]/g) < 4 * letters(text, /[A-Za-z]/g)) return undefined
  const decoded = decodeStrictly(bytes, 'windows-1251')
  return decoded && letters(decoded, /[а-яё]/gi) >= 0.9 * letters(decoded, /\p{L}/gu) ? decoded : undefined
}

/** Japanese read as Latin-1: sure when it decodes without a fault and most of it is kana and kanji. */
function asJapanese(bytes: Uint8Array): string | undefined {
  const decoded = decodeStrictly(bytes, 'shift_jis')
  if (!decoded) return undefined
  const japanese = letters(decoded, /[\u3040-\u30ff\u4e00-\u9fff]/g)
  const isSure = letters(decoded, /[\u3040-\u30ff]/g) >= 2 && !/[\uff61-\uff9f\ufffd]/.test(decoded)
  return isSure && japanese >= 0.5 * letters(decoded, /\p{L}/gu) ? decoded : undefined
}

/** UTF-16 whose byte order was guessed wrong: every character is an ASCII one, shifted by eight bits. */
const isSwapped = (text: string): boolean =>
  text.length >= 2 &&
  Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).every(
    (c) => (c & 0xff) === 0 && c >= 0x2000 && c < 0x7f00,
  )

/**
 * Text in the encoding it was meant in: UTF-8, Windows-1251 or Shift-JIS that was read as Latin-1, and UTF-16 in the
 * wrong byte order. Anything doubtful stays as it is.
 */
export function repairEncoding(text: string): string {
  if (isSwapped(text)) return String.fromCharCode(...Array.from(text, (c) => c.charCodeAt(0) >> 8))
  // eslint-disable-next-line no-control-regex
  if (!/[\u0080-\uffff]/.test(text)) return text
  const bytes = latin1Bytes(text)
  if (!bytes) return text
  return decodeStrictly(bytes, 'utf-8') ?? asJapanese(bytes) ?? asCyrillic(bytes, text) ?? text
}

// Controls (U+0000 cannot be stored by PostgreSQL), marks that reverse the reading direction, byte order marks.
const UNWANTED = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu
const UNWANTED_IN_LINES = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu

const cutAt = (text: string, maxChars: number): string =>
  text.length <= maxChars
    ? text
    : text
        .slice(0, maxChars)
        .toWellFormed()
        .replace(/\ufffd$/, '')

/** One line: without control characters, NFC, trimmed, at most `maxChars`. Undefined when nothing is left. */
export function tidyLine(text: string, maxChars: number): string | undefined {
  const line = text
    .toWellFormed()
    .replaceAll(UNWANTED_IN_LINES, '')
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(UNWANTED, '')
    .normalize('NFC')
    .trim()
  return line === '' ? undefined : cutAt(line, maxChars)
}
/** Several lines: the same, but line ends stay (as `\n`). */
export function tidyLines(text: string, maxChars: number): string | undefined {
  const raw = text.toWellFormed()
  const lines = raw.replaceAll(/\r\n?/g, '\n').replaceAll(UNWANTED_IN_LINES, '').normalize('NFC').trim()
  return lines === '' ? undefined : cutAt(lines, maxChars)
}

// The cut before the work bounds the work.
const repaired = (text: string, maxChars: number): string => repairEncoding(text.slice(0, maxChars * 4))

/** {@link tidyLine} of what a file says, in the encoding it was meant in. */
export const cleanLine = (text: unknown, maxChars: number): string | undefined =>
  typeof text === 'string' ? tidyLine(repaired(text, maxChars), maxChars) : undefined
/** {@link tidyLines} of what a file says, in the encoding it was meant in. */
export const cleanLines = (text: unknown, maxChars: number): string | undefined =>
  typeof text === 'string' ? tidyLines(repaired(text, maxChars), maxChars) : undefined
