/** For tests: reads what players read. Throws on what RFC 8216bis says a client must refuse. */

export type Tag = { readonly name: string; readonly value: string }
export type Playlist = {
  readonly text: string
  readonly tags: readonly Tag[]
  /** Addresses with the tags that stand before each. */
  readonly entries: readonly { readonly uri: string; readonly tags: readonly Tag[] }[]
}

const TAG = /^#(EXT[A-Z0-9-]*)(?::(.*))?$/

export function readPlaylist(text: string): Playlist {
  if (!text.startsWith('#EXTM3U\n')) throw new Error('the first line is not #EXTM3U')
  const tags: Tag[] = []
  const entries: { uri: string; tags: Tag[] }[] = []
  let own: Tag[] = []
  for (const line of text.split('\n').filter((l) => l !== '')) {
    const [, name, value = ''] = TAG.exec(line) ?? []
    if (name) {
      tags.push({ name, value })
      own.push({ name, value })
    } else if (!line.startsWith('#')) {
      entries.push({ uri: line, tags: own })
      own = []
    }
  }
  return { text, tags, entries }
}

export const valuesOf = (all: readonly Tag[], name: string): string[] =>
  all.filter((t) => t.name === name).map((t) => t.value)

/** `A=1,B="x,y"` */
export const attributesOf = (value: string): Record<string, string> =>
  Object.fromEntries(
    [...value.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g)].map(([, name = '', text = '']) => [
      name,
      text.replaceAll('"', ''),
    ]),
  )

export const secondsOf = (p: Playlist): number[] => valuesOf(p.tags, 'EXTINF').map((v) => Number.parseFloat(v))
export const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0)

export type Box = { readonly type: string; readonly body: Buffer }
/** Boxes of ISO base media, one after the other. */
export function boxesIn(bytes: Buffer): Box[] {
  const found: Box[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at)
    if (size < 8 || at + size > bytes.length) throw new Error(`a box of ${size} bytes at ${at} of ${bytes.length}`)
    found.push({ type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + size) })
    at += size
  }
  return found
}
/** The first box on this path, within what lies around it. */
export function boxAt(bytes: Buffer, ...path: readonly string[]): Buffer {
  return path.reduce((around, type) => {
    const box = boxesIn(around).find((b) => b.type === type)
    if (!box) throw new Error(`no ${type} on ${path.join('/')}`)
    return box.body
  }, bytes)
}

export type Run = { readonly decodeTime: number; readonly samples: number }
const HAS_DATA_OFFSET = 0x1
const HAS_FIRST_FLAGS = 0x4
const HAS_DURATIONS = 0x100
const HAS_SIZES = 0x200
const HAS_FLAGS = 0x400

/** When a segment begins in its track, and how long it lasts, in units of its timescale. */
export function runOf(segment: Buffer, defaultDuration: number): Run {
  const tfdt = boxAt(segment, 'moof', 'traf', 'tfdt')
  const decodeTime = tfdt[0] === 1 ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4)
  const trun = boxAt(segment, 'moof', 'traf', 'trun')
  const flags = trun.readUIntBE(1, 3)
  const count = trun.readUInt32BE(4)
  if (!(flags & HAS_DURATIONS)) return { decodeTime, samples: count * defaultDuration }
  const eachBytes = 4 * [HAS_DURATIONS, HAS_SIZES, HAS_FLAGS, 0x800].filter((f) => flags & f).length
  const start = 8 + 4 * [HAS_DATA_OFFSET, HAS_FIRST_FLAGS].filter((f) => flags & f).length
  const durations = Array.from({ length: count }, (_, i) => trun.readUInt32BE(start + i * eachBytes))
  return { decodeTime, samples: sum(durations) }
}
