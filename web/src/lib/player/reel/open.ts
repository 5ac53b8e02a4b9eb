import { adtsAt, openAdts } from './adts.ts'
import { textAt } from './boxes.ts'
import { openFlac } from './flac.ts'
import { id3Bytes, openMp3 } from './mp3.ts'
import { openMp4 } from './mp4.ts'
import { openOgg } from './ogg.ts'
import { type ByteSource, type Hint, type Tune } from './types.ts'
import { openWav } from './wav.ts'

const HEAD_BYTES = 64 * 1024

/** Understands a file by its first bytes. Throws what `isUnfit` knows when it is of no kind that this can play. */
export async function openTune(source: ByteSource, hint: Hint, signal: AbortSignal): Promise<Tune> {
  const head = await source.read(0, HEAD_BYTES, signal)
  const kind = textAt(head, 0, 4)
  if (kind === 'fLaC') return openFlac(source, head, signal)
  if (kind === 'RIFF') return openWav(source, head, signal)
  if (kind === 'OggS') return openOgg(source, head, hint, signal)
  if (textAt(head, 4, 4) === 'ftyp') return openMp4(source, head, signal)
  const at = id3Bytes(head)
  const sound = at + 16 < head.length ? head.subarray(at) : await source.read(at, at + 16, signal)
  if (textAt(sound, 0, 4) === 'fLaC') return openFlac(source, head, signal)
  if (adtsAt(sound, 0)) return openAdts(source, head, hint, signal)
  return openMp3(source, head, hint, signal)
}
