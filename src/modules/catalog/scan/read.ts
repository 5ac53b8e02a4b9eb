import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { constants, open } from 'node:fs/promises'
import { parseLrc, repairEncoding } from '#kernel/media/index.ts'
import type { ProbeOk } from '#kernel/media/types.ts'
import { storable } from '#modules/catalog/fold.ts'
import { joinBytes, keyOf } from './names.ts'
import type { Batch, CatalogCtx, CoverSource, Lyrics, Refused, Taken, Wanted } from './types.ts'
import { mapAtOnce } from './walk.ts'

/** Larger pictures are not taken as covers. */
export const COVER_MAX_BYTES = 20 * 1024 ** 2
const LYRICS_MAX_BYTES = 256 * 1024
const LYRIC_LINES_MAX = 5000
/** Files asked of the tag processes at once; those batch and queue by themselves. */
const PROBES_AT_ONCE = 96

/** SHA-256 of a folder picture, read once a batch; undefined when it is too large or cannot be read. */
type Hashes = Map<string, Promise<string | undefined>>
async function hashFile(path: Buffer, sizeBytes: number): Promise<string | undefined> {
  if (sizeBytes === 0 || sizeBytes > COVER_MAX_BYTES) return undefined
  try {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path, { end: COVER_MAX_BYTES })) hash.update(chunk as Buffer)
    return hash.digest('hex')
  } catch {
    return undefined
  }
}

/** The embedded picture, else that of the folder. */
async function coverOf(w: Wanted, probe: ProbeOk, hashes: Hashes): Promise<CoverSource | undefined> {
  const folder = joinBytes(w.folder.path, w.dir)
  if (probe.cover && probe.cover.sizeBytes <= COVER_MAX_BYTES)
    return { hash: probe.cover.sha256, kind: 'embedded', path: joinBytes(folder, w.file.name) }
  if (!w.image) return undefined
  const path = joinBytes(folder, w.image.name)
  const known = hashes.get(keyOf(path)) ?? hashFile(path, w.image.sizeBytes)
  hashes.set(keyOf(path), known)
  const hash = await known
  return hash === undefined ? undefined : { hash, kind: 'image', path }
}

/** Never through a link: lyrics are shown as they are, and a link in an unpacked archive may name any file of the server. */
async function textOf(path: Buffer): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LYRICS_MAX_BYTES), 0, LYRICS_MAX_BYTES, 0)
    const bytes = buffer.subarray(0, bytesRead)
    const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : isUtf8(bytes) ? 'utf-8' : 'windows-1252'
    return storable(new TextDecoder(encoding).decode(bytes))
  } finally {
    await file.close()
  }
}
function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

const asLyrics = (plain: string, lines: Lyrics['lines']): Lyrics | undefined =>
  plain.trim() === '' && lines.length === 0
    ? undefined
    : { plain: plain.trim() === '' ? null : storable(plain), lines: lines.slice(0, LYRIC_LINES_MAX) }

/** Lyrics that the file itself holds. */
export function embeddedLyrics(probe: ProbeOk): Lyrics | undefined {
  const { plain = '', synced = [] } = probe.tags.lyrics
  return asLyrics(plain || synced.map((l) => l.text).join('\n'), synced)
}

/** A file beside the song wins over what is embedded: it is what people edit. */
async function lyricsOf(w: Wanted, probe: ProbeOk): Promise<Lyrics | undefined> {
  const embedded = embeddedLyrics(probe)
  if (!w.lyricsFile) return embedded
  const text = await textOf(joinBytes(w.folder.path, w.dir, w.lyricsFile.name)).catch(() => '')
  const beside = parseLrc(repairEncoding(text))
  return asLyrics(beside.plain ?? '', beside.synced ?? []) ?? embedded
}

/** Says nothing of the file: it vanished since it was listed, or nobody had time for it. The next scan sees it. */
const NO_ANSWER = new Set(['not_found', 'busy'])

async function readOne(ctx: CatalogCtx, wanted: Wanted, hashes: Hashes): Promise<Taken | Refused | undefined> {
  const probe = await ctx.media.probe(joinBytes(wanted.folder.path, wanted.dir, wanted.file.name))
  if (!probe.ok && NO_ANSWER.has(probe.reasonCode)) return undefined
  if (!probe.ok) return { wanted, code: probe.reasonCode, reason: probe.reason }
  const [cover, lyrics] = await Promise.all([coverOf(wanted, probe, hashes), lyricsOf(wanted, probe)])
  return { wanted, probe, cover, lyrics }
}

/** Reads files through the media processes. A bad file is an answer, never a failure. */
export async function read(ctx: CatalogCtx, wanted: readonly Wanted[], signal: AbortSignal): Promise<Batch> {
  const hashes: Hashes = new Map()
  const answers = await mapAtOnce(wanted, PROBES_AT_ONCE, async (w) => {
    signal.throwIfAborted()
    return readOne(ctx, w, hashes)
  })
  const all = answers.filter((r) => r !== undefined)
  return {
    taken: all.filter((r): r is Taken => 'probe' in r),
    refused: all.filter((r): r is Refused => 'code' in r),
  }
}
