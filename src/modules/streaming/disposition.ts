const NAME_CHARS_MAX = 180
/** Characters that file systems or shells trip over; U+202E and its kin hide a file's real ending. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\:*?"<>|]/gu

/** A file name for people's own disks: safe everywhere, never empty, the ending kept. */
export function safeFileName(stem: string, ending: string): string {
  const clean = stem.replaceAll(UNSAFE, '_').replaceAll(/\s+/g, ' ').trim().replace(/^\.+/, '_')
  return `${Array.from(clean).slice(0, NAME_CHARS_MAX).join('') || 'song'}${ending}`
}

/** `Content-Disposition` by RFC 6266: an ASCII name for old clients, and the real one by RFC 8187. */
export function attachment(fileName: string): string {
  const ascii = fileName
    .normalize('NFKD')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .replaceAll(/["\\%]/g, '_')
  const encoded = encodeURIComponent(fileName).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
