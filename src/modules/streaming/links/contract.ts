import { op } from '#kernel/contract.ts'
import { Id, Nullable, Strict, Text, Time, Type } from '#kernel/schema.ts'

/** Longer than any, see `token.ts`. */
export const LINK_LENGTH_MAX = 100
export const LINK_LIFE_SEC_MIN = 60
export const LINK_LIFE_SEC_MAX = 86_400
/** A long evening: a player that got the address of a song may come back to it. */
export const LINK_LIFE_SEC_DEFAULT = 6 * 3600

/** In the query of what a link is good for. */
export const linkField = Type.Optional(
  Text(LINK_LENGTH_MAX, {
    description: 'Of a signed address: who asks is the person who made it. Nothing else of who asks counts then',
  }),
)
export const lifeSec = Type.Optional(
  Type.Integer({
    minimum: LINK_LIFE_SEC_MIN,
    maximum: LINK_LIFE_SEC_MAX,
    default: LINK_LIFE_SEC_DEFAULT,
    description: 'How long signed addresses are good; they end before with the session or API key they were made with',
  }),
)

export const linkOperations = {
  createLink: op({
    method: 'POST',
    path: '/songs/:id/links',
    auth: 'user',
    scope: 'read',
    status: 200,
    idempotent: false,
    summary:
      'Signed addresses of one song, for players that cannot send headers: good for a time, and for nothing else',
    input: Strict({ id: Id, lifeSec }),
    output: Type.Object(
      {
        link: Type.String({ description: 'What makes an address of this song a signed one: `?link=`' }),
        expiresAt: Time,
        streamUrl: Type.String(),
        hlsUrl: Type.String(),
        dashUrl: Type.String(),
        coverUrl: Nullable(Type.String()),
      },
      { $id: 'SongLink' },
    ),
  }),
}
