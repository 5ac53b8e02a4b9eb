import { isUtf8 } from 'node:buffer'

/**
 * Directories are bytes, addresses are text: what is UTF-8 stands as it is, every other byte, control characters and `%`
 * itself as `%XX`. INVARIANT: {@link pathBytes} of {@link pathText} gives the same bytes.
 */
// oxlint-disable-next-line no-control-regex -- a name may hold any of them
const ESCAPED = /[%\u0000-\u001f\u007f]/g
const hex = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

/** Bytes of the character that begins with this byte; 1 for what begins none. */
const lengthOf = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1)

const escaped = (text: string): string => text.replace(ESCAPED, (c) => hex(c.charCodeAt(0)))

export function pathText(bytes: Buffer): string {
  if (isUtf8(bytes)) return escaped(bytes.toString('utf8'))
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const character = bytes.subarray(at, at + lengthOf(bytes[at] as number))
    const isText = isUtf8(character)
    text += isText ? escaped(character.toString('utf8')) : hex(bytes[at] as number)
    at += isText ? character.length : 1
  }
  return text
}

/** A `%` that begins no `%XX` stands for itself. */
export function pathBytes(text: string): Buffer {
  const parts = text.split(/(%[0-9A-Fa-f]{2})/)
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part, 'utf8'))),
  )
}
