import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { RawHandlers } from '#kernel/contract.ts'
import { notFound, tooMany, unavailable } from '#kernel/errors.ts'
import { chooseImageFormat } from '#kernel/http/accept-image.ts'
import { sendRepresentation } from '#kernel/http/bytes/send.ts'
import { readUpload } from '#kernel/http/multipart.ts'
import { withETag } from '#kernel/http/revision.ts'
import type { Ctx, JobHandler } from '#kernel/module.ts'
import { runs } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { removePicture } from '#modules/identity/events.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { toUser, type UserRow } from '#modules/identity/users.ts'
import type { profile } from './contract.ts'
import { lockMe } from './me.ts'
import { avatarSize, type Pictures } from './pictures.ts'
import { visibleUser } from './visible.ts'

const UPLOAD = { fields: ['avatar', 'image'], sizeMaxBytes: 10 * 1024 ** 2, timeoutMs: 120_000 } as const
/** Uploads in memory at once, of different people. */
const UPLOADS_AT_ONCE_MAX = 16
/** Another picture has another address. */
const IMMUTABLE = 'private, max-age=31536000, immutable'
const FOR_A_WHILE = 'private, max-age=300, must-revalidate'

type Handlers = Pick<RawHandlers<typeof profile>, 'putAvatar' | 'getAvatar'>
type Deps = { readonly ctx: Ctx<Tables>; readonly pictures: Pictures }

export function createAvatarRoutes(d: Deps): Handlers {
  const uploading = new Set<string>()
  return {
    async putAvatar(who, _input, request, reply) {
      signedIn(who)
      admit(uploading, who.userId)
      uploading.add(who.userId)
      try {
        return withETag(toUser(await takePicture(d, who, request)), request, reply)
      } finally {
        uploading.delete(who.userId)
      }
    },
    getAvatar: (who, input, request, reply) => sendAvatar(d, who, input, request, reply),
  }
}

function admit(uploading: ReadonlySet<string>, userId: string): void {
  if (uploading.has(userId)) throw tooMany('Another picture of yours is still coming in: wait until it is there.', 2)
  if (uploading.size >= UPLOADS_AT_ONCE_MAX)
    throw unavailable('busy', 'Too many pictures are coming in at once: try again in a moment.', 2)
}

async function takePicture(d: Deps, who: Caller, request: FastifyRequest): Promise<UserRow> {
  const name = await d.pictures.keep(await readUpload(request, UPLOAD))
  return changeAvatar(d, who, name).catch(async (thrown: unknown): Promise<never> => {
    await d.pictures.remove(name)
    throw thrown
  })
}

export async function deleteAvatar(d: Deps, who: Caller): Promise<Record<string, never>> {
  signedIn(who)
  await changeAvatar(d, who, null)
  return {}
}

/** The picture before goes with the same transaction, even when this process dies right after it. */
const changeAvatar = ({ ctx }: Deps, who: Caller, name: string | null): Promise<UserRow> =>
  ctx.write(async (tx, _emit, enqueue) => {
    const me = await lockMe(tx, who)
    if (me.avatar !== null) await enqueue(removePicture, { name: me.avatar })
    return setAvatar(tx, me.id, name)
  })

const setAvatar = (tx: Db, id: string, avatar: string | null): Promise<UserRow> =>
  tx.updateTable('identity.users').set({ avatar }).where('id', '=', id).returningAll().executeTakeFirstOrThrow()

export const removePictureHandler = ({ pictures }: Deps): JobHandler =>
  runs(removePicture, ({ name }) => pictures.remove(name))

/** Removes pictures that no account has. */
export const sweepPictures = ({ ctx, pictures }: Deps): Promise<number> =>
  pictures.sweep(async (names) => {
    if (names.length === 0) return new Set()
    const rows = await ctx.db.selectFrom('identity.users').select('avatar').where('avatar', 'in', names).execute()
    return new Set(rows.flatMap((r) => r.avatar ?? []))
  }, ctx.now())

type Ask = { id: string; size?: number; v?: string }

async function sendAvatar(
  { ctx, pictures }: Deps,
  who: Caller,
  ask: Ask,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const user = await visibleUser(ctx.db, who, ask.id)
  if (!user?.avatar) throw notFound('picture')
  const format = chooseImageFormat(request.headers.accept)
  const sizePx = avatarSize(ask.size)
  const { key, sizeBytes } = await pictures.get(user.avatar, sizePx, format)
  return sendRepresentation(request, reply, {
    sizeBytes,
    etag: `"${user.avatar}-${sizePx}-${format}"`,
    contentType: `image/${format}`,
    cacheControl: ask.v ? IMMUTABLE : FOR_A_WHILE,
    headers: { vary: 'Accept' },
    open: (range) => ctx.blobs.read(key, range),
  })
}
