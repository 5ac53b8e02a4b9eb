import { contract, internal, op, raw } from '#kernel/contract.ts'
import { Empty, Id, Page, pageQuery, Strict, Text, Type } from '#kernel/schema.ts'
import { GivenPassword, Username } from '#modules/identity/accounts/fields.ts'
import { Block, PreferencesPatch, PublicUser, User, UserStats } from '#modules/identity/things.ts'

const IMAGES = ['image/avif', 'image/webp', 'image/jpeg'] as const
export const AVATAR_SIZES_PX = [64, 128, 256, 512] as const
export const DISPLAY_NAME_LENGTH_MAX = 80
const older = { fullName: 'displayName', full_name: 'displayName', display_name: 'displayName' }
const other = Strict({ userId: Id })

/** What a person keeps of themselves, and what others may know of it. */
export const profile = contract('profile', 'Profiles and privacy', {
  updateMe: op({
    method: 'PATCH',
    path: '/users/me',
    aliases: ['PUT /users/me', 'PATCH /users/profile', 'PUT /users/profile'],
    auth: 'user',
    ifMatchField: 'revision',
    summary: 'Change your profile and preferences',
    description:
      'What is not named stays as it is, single preferences too. With If-Match (the ETag of GET /users/me) nothing is overwritten that was changed meanwhile.',
    input: Strict({
      displayName: Type.Optional(Text(DISPLAY_NAME_LENGTH_MAX)),
      username: Type.Optional(Username),
      isAnonymous: Type.Optional(Type.Boolean()),
      preferences: Type.Optional(PreferencesPatch),
      revision: Type.Optional(Type.Integer({ description: 'Same as If-Match' })),
    }),
    inputAliases: { ...older, is_anonymous: 'isAnonymous' },
    output: User,
  }),
  putAvatar: raw({
    method: 'PUT',
    path: '/users/me/avatar',
    aliases: ['POST /users/me/avatar'],
    auth: 'user',
    rate: 'heavy',
    summary: 'Give yourself a picture: the body, or the field `avatar` or `image` of a form; 10 MiB at most',
    description:
      'JPEG, PNG, WebP, AVIF or GIF that does not move. It is cut to a square, and nothing is kept of what the file tells besides (place, time, camera). Answers the user.',
    input: Empty,
    consumes: ['image/*', 'multipart/form-data'],
    produces: ['application/json'],
  }),
  deleteAvatar: op({
    method: 'DELETE',
    path: '/users/me/avatar',
    auth: 'user',
    status: 204,
    summary: 'Take your picture away',
    input: Empty,
    output: Empty,
  }),
  getAvatar: raw({
    method: 'GET',
    path: '/users/:id/avatar',
    auth: 'anyone',
    rate: 'media',
    summary: 'The picture of a user',
    input: Strict({
      id: Id,
      size: Type.Optional(
        Type.Integer({
          minimum: 16,
          maximum: 2048,
          description: 'Width in pixels; answered with the next larger of 64, 128, 256, 512',
        }),
      ),
      v: Type.Optional(Text(64, { description: 'As in `avatarUrl`: the answer may then be kept for ever' })),
    }),
    produces: IMAGES,
  }),
  myStats: op({
    method: 'GET',
    path: '/users/me/stats',
    auth: 'user',
    summary: 'What you have here, in numbers',
    input: Empty,
    output: UserStats,
  }),
  exportMe: raw({
    method: 'GET',
    path: '/users/me/export',
    auth: 'user',
    credential: 'session',
    rate: 'heavy',
    summary: 'Everything that is kept of you, as one JSON file',
    description: 'All or nothing: when a part of the program does not answer, this answers 503 and names it.',
    input: Empty,
    produces: ['application/json'],
  }),
  eraseMe: op({
    method: 'DELETE',
    path: '/users/me',
    aliases: ['DELETE /users/profile', 'POST /users/me/erase'],
    auth: 'user',
    credential: 'session',
    rate: 'auth',
    status: 204,
    idempotent: false,
    fieldsFrom: 'body',
    summary: 'Erase your account and everything that is kept of you, for good',
    description:
      'Needs the password; an account that has none gives its username, within ten minutes of signing in. The last admin cannot leave: make another one first.',
    input: Strict({ password: Type.Optional(GivenPassword), username: Type.Optional(Text(254)) }),
    output: Empty,
  }),
  getUser: op({
    method: 'GET',
    path: '/users/:id',
    auth: 'anyone',
    summary: 'What anyone may know of a user',
    input: Strict({ id: Id }),
    output: PublicUser,
  }),
  listBlocks: op({
    method: 'GET',
    path: '/blocks',
    auth: 'user',
    summary: 'Whom you have blocked',
    input: Strict(pageQuery),
    output: Page(Block),
  }),
  getBlock: op({
    method: 'GET',
    path: '/blocks/:userId',
    auth: 'user',
    summary: 'Whether you have blocked somebody: 404 when not',
    input: other,
    output: Block,
  }),
  putBlock: op({
    method: 'PUT',
    path: '/blocks/:userId',
    auth: 'user',
    summary: 'Block somebody: neither of you sees the other any more',
    input: other,
    output: Block,
  }),
  deleteBlock: op({
    method: 'DELETE',
    path: '/blocks/:userId',
    auth: 'user',
    status: 204,
    summary: 'Take a block back',
    input: other,
    output: Empty,
  }),
  blocksOf: internal({
    summary: 'Whom a person must not see and be seen by: those they have blocked and those who have blocked them',
    input: other,
    output: Type.Object({ userIds: Type.Array(Id) }),
  }),
})
