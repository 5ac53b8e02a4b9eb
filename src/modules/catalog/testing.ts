import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Text frames of ID3v2.3 by their names (`TIT2`, `TPE1` …); several values are parted by `/`. */
export type Mp3 = { tags?: Record<string, string>; seconds?: number; audio?: string; picture?: Uint8Array }

const FRAME_BYTES = 417
const FRAMES_PER_SEC = 44_100 / 1152

const id3Frame = (name: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(10)
  head.write(name, 0, 'latin1')
  head.writeUInt32BE(body.length, 4)
  return Buffer.concat([head, body])
}
const textFrame = (name: string, text: string): Buffer =>
  id3Frame(name, Buffer.concat([Buffer.from([1, 0xff, 0xfe]), Buffer.from(text, 'utf16le')]))
const pictureFrame = (bytes: Uint8Array): Buffer =>
  id3Frame('APIC', Buffer.concat([Buffer.from('\0image/png\0\x03\0', 'latin1'), bytes]))
const syncsafe = (n: number): Buffer => Buffer.from([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127])

function id3(o: Mp3): Buffer {
  const frames = Object.entries(o.tags ?? {}).map(([name, text]) => textFrame(name, text))
  if (o.picture) frames.push(pictureFrame(o.picture))
  const body = Buffer.concat(frames)
  return Buffer.concat([Buffer.from('ID3\x03\0\0', 'latin1'), syncsafe(body.length), body])
}

/**
 * A playable MP3 of silence. `audio` seeds bytes that decoders skip: the same seed and length are the same recording,
 * whatever the tags.
 */
export function mp3(o: Mp3 = {}): Buffer {
  const frames = Math.max(3, Math.round((o.seconds ?? 2) * FRAMES_PER_SEC))
  const seed = createHash('sha512')
    .update(o.audio ?? JSON.stringify(o.tags ?? {}))
    .digest()
  const audio = Buffer.alloc(frames * FRAME_BYTES)
  for (let i = 0; i < frames; i++) {
    const at = i * FRAME_BYTES
    audio.writeUInt32BE(0xff_fb_90_00, at)
    // After header and side information, whose zeros say that nothing follows; 0xff would look like a frame.
    for (let j = 0; j < seed.length; j++) audio[at + 60 + j] = (seed[j] as number) & 0x7f
  }
  return Buffer.concat([id3(o), audio])
}

/** A music folder in a temporary place. Paths are relative, as text or raw bytes. */
export async function musicFolder() {
  const root = await mkdtemp(join(tmpdir(), 'tutti-music-'))
  const at = (path: string | Buffer): Buffer => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path)])
  return {
    root,
    at,
    async put(path: string | Buffer, bytes: Uint8Array | string): Promise<void> {
      const whole = at(path)
      await mkdir(Buffer.from(dirname(whole.toString('latin1')), 'latin1'), { recursive: true })
      await writeFile(whole, bytes)
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}
export type MusicFolder = Awaited<ReturnType<typeof musicFolder>>
