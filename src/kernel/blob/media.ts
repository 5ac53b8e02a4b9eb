import type { FilePath, Media } from '#kernel/media/index.ts'
import type { Blobs } from './index.ts'

type Holder = Pick<Blobs, 'holdPath'>

/**
 * The media tools for blobs that are not on this machine: a file that is such a blob's copy is brought before a program
 * opens it, and held until that program has ended. Other files pass through.
 */
export function holdingMedia(media: Media, blobs: Holder): Media {
  const hold = (file: FilePath) => blobs.holdPath(typeof file === 'string' ? file : file.toString())
  const during = async <T>(file: FilePath, use: () => Promise<T>): Promise<T> => {
    const release = await hold(file)
    try {
      return await use()
    } finally {
      release()
    }
  }
  /** For as long as the encoder runs, not only until it has begun. */
  const whileRunning = async <T extends { exit: Promise<unknown> }>(file: FilePath, start: () => Promise<T>) => {
    const release = await hold(file)
    try {
      const run = await start()
      run.exit.finally(release).catch(() => undefined)
      return run
    } catch (thrown) {
      release()
      throw thrown
    }
  }
  return {
    ...media,
    async *decode(file, o) {
      const release = await hold(file)
      try {
        yield* media.decode(file, o)
      } finally {
        release()
      }
    },
    timeline: (file) => during(file, () => media.timeline(file)),
    encode: (file, o) => whileRunning(file, () => media.encode(file, o)),
    verify: (file, o) => during(file, () => media.verify(file, o)),
    probe: (file) => during(file, () => media.probe(file)),
    picture: (file) => during(file, () => media.picture(file)),
    look: (input) => ('file' in input ? during(input.file, () => media.look(input)) : media.look(input)),
    image: (input, o) => ('file' in input ? during(input.file, () => media.image(input, o)) : media.image(input, o)),
  }
}
