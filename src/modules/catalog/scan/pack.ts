import { bytesOf } from './names.ts'
import type { FoundFile, Listing } from './sidecars.ts'

/**
 * Listings on their way between threads: one block of bytes a folder, opened only where something differs. A million
 * small objects would cost more than the disk.
 */
type Kind = 'audio' | 'lyrics' | 'image'
const KINDS: readonly Kind[] = ['audio', 'lyrics', 'image']
/** Kind, length of the name, size, time. */
const HEAD_BYTES = 1 + 2 + 8 + 8

export function pack({ audio, lyrics, image }: Omit<Listing, 'dir'>): Uint8Array {
  const all: [Kind, FoundFile][] = [
    ...audio.map((f): [Kind, FoundFile] => ['audio', f]),
    ...lyrics.map((f): [Kind, FoundFile] => ['lyrics', f]),
    ...(image ? [['image', image] as [Kind, FoundFile]] : []),
  ]
  const bytes = new Uint8Array(all.reduce((sum, [, f]) => sum + HEAD_BYTES + f.name.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [kind, f] of all) {
    view.setUint8(at, KINDS.indexOf(kind))
    view.setUint16(at + 1, f.name.length)
    view.setFloat64(at + 3, f.sizeBytes)
    view.setFloat64(at + 11, f.mtimeUs)
    bytes.set(f.name, at + HEAD_BYTES)
    at += HEAD_BYTES + f.name.length
  }
  return bytes
}

export function unpack(dir: string, bytes: Uint8Array): Listing {
  const listing: Listing = { dir: bytesOf(dir), audio: [], lyrics: [], image: undefined }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint16(at + 1)
    const name = Buffer.from(bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length))
    const file = { name, sizeBytes: view.getFloat64(at + 3), mtimeUs: view.getFloat64(at + 11) }
    const kind = KINDS[view.getUint8(at)]
    if (kind === 'audio') listing.audio.push(file)
    else if (kind === 'lyrics') listing.lyrics.push(file)
    else listing.image = file
    at += HEAD_BYTES + length
  }
  return listing
}

export const emptyListing = (dir: string): Listing => ({ dir: bytesOf(dir), audio: [], lyrics: [], image: undefined })
