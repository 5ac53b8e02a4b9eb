import { randomBytes } from 'node:crypto'
import type { Blobs } from '#kernel/blob/index.ts'
import { AppError } from '#kernel/errors.ts'
import { assertPicture, type ImageFormat, type Media } from '#kernel/media/index.ts'
import { AVATAR_SIZES_PX } from './contract.ts'

const ROOM = 'identity/avatars/'
const SIDE_PX = 512
/** Of the picture that is kept; what is sent is made from it. */
const KEPT = { format: 'webp', quality: 90 } as const
const FORMATS: readonly ImageFormat[] = ['avif', 'webp', 'jpeg']
const NAME_BYTES = 16
const NAME_LENGTH = 2 * NAME_BYTES
const SIZE_DEFAULT_PX = 256
/** A picture without an account: its upload may be under way still. */
const ORPHAN_MS_MIN = 3_600_000

/** The next larger of the sizes that are made. */
export const avatarSize = (wishedPx = SIZE_DEFAULT_PX): number =>
  AVATAR_SIZES_PX.find((px) => px >= wishedPx) ?? (AVATAR_SIZES_PX.at(-1) as number)

const keptKey = (name: string) => `${ROOM}${name}`
const madeKey = (name: string, sizePx: number, format: ImageFormat) => `${keptKey(name)}-${sizePx}.${format}`
const keysOf = (name: string): string[] => [
  keptKey(name),
  ...AVATAR_SIZES_PX.flatMap((px) => FORMATS.map((format) => madeKey(name, px, format))),
]

/**
 * Pictures of people. Each upload is kept under a name of its own, made by chance: it never changes, no two accounts
 * share one, and neither its name nor its bytes tell whose it is or where it was taken.
 */
export function createPictures({ blobs, media }: { blobs: Blobs; media: Media }) {
  const making = new Map<string, Promise<number>>()

  async function make(name: string, sizePx: number, format: ImageFormat): Promise<number> {
    const bytes = await blobs.bytes(keptKey(name))
    if (!bytes) throw new AppError(404, 'not_found', 'There is no picture.')
    const image = await media.image({ bytes }, { widthPx: sizePx, format })
    return (await blobs.put(madeKey(name, sizePx, format), image.bytes)).sizeBytes
  }
  function makeOnce(name: string, sizePx: number, format: ImageFormat): Promise<number> {
    const key = madeKey(name, sizePx, format)
    const running = making.get(key) ?? make(name, sizePx, format).finally(() => making.delete(key))
    making.set(key, running)
    return running
  }
  return {
    /** Decodes, cuts and keeps; answers the name. Throws 415 and what the media port throws of a picture it refuses. */
    async keep(bytes: Uint8Array): Promise<string> {
      assertPicture(bytes)
      const picture = await media.image({ bytes }, { widthPx: SIDE_PX, crop: 'square', animation: 'refuse', ...KEPT })
      const name = randomBytes(NAME_BYTES).toString('hex')
      await blobs.put(keptKey(name), picture.bytes)
      return name
    },
    /** Made once per size and format, however many ask. Throws 404. */
    async get(name: string, sizePx: number, format: ImageFormat) {
      const key = madeKey(name, sizePx, format)
      const made = await blobs.stat(key)
      return { key, sizeBytes: made?.sizeBytes ?? (await makeOnce(name, sizePx, format)) }
    },
    bytes: (name: string) => blobs.bytes(keptKey(name)),
    /** With all that was made from it. Once more is no fault. */
    async remove(name: string): Promise<void> {
      for (const key of keysOf(name)) await blobs.delete(key)
    },
    /** Removes what no account has: an upload or an erasure was cut off. Answers how many blobs. */
    async sweep(isKept: (names: string[]) => Promise<ReadonlySet<string>>, now: Date): Promise<number> {
      const old = new Map<string, string>()
      for await (const { key, modifiedAt } of blobs.list(ROOM))
        if (now.getTime() - modifiedAt.getTime() >= ORPHAN_MS_MIN)
          old.set(key, key.slice(ROOM.length, ROOM.length + NAME_LENGTH))
      const kept = await isKept([...new Set(old.values())])
      const orphans = [...old].filter(([, name]) => !kept.has(name))
      for (const [key] of orphans) await blobs.delete(key)
      return orphans.length
    },
  }
}
export type Pictures = ReturnType<typeof createPictures>
