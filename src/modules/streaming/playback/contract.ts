import { op } from '#kernel/contract.ts'
import { Id, Nullable, OneOf, Strict, Text, Time, Type } from '#kernel/schema.ts'
import { choice } from '../hls/contract.ts'
import { lifeSec } from '../links/contract.ts'
import { CLIENTS } from './abilities.ts'
import { NETWORKS, REASONS } from './decide.ts'

const CODECS_LENGTH_MAX = 2000
const Way = { url: Type.String(), mimeType: Type.String() }

export const playbackOperations = {
  getPlayback: op({
    method: 'GET',
    path: '/songs/:id/playback',
    auth: 'anyone',
    summary:
      'How a song is best played by a player that says what it can: as it is, in another container or transcoded, why, and where',
    input: Strict({
      id: Id,
      codecs: Type.Optional(
        Text(CODECS_LENGTH_MAX, {
          description:
            'What the player plays, with commas between: names (mp3, aac, alac, opus, vorbis, flac, wav, hls, dash) or media types (audio/mp4; codecs="mp4a.40.2"). By default what is known of `client`',
        }),
      ),
      client: Type.Optional(OneOf(CLIENTS, { description: 'Who plays; by default guessed by the User-Agent' })),
      maxBitrateKbps: choice.maxBitrateKbps,
      network: Type.Optional(OneOf(NETWORKS)),
      lossless: Type.Optional(
        Type.Boolean({
          description: 'true: lossless music stays so, however large; false: none, even if it could be played',
        }),
      ),
      normalize: choice.normalize,
      signed: Type.Optional(
        Type.Boolean({
          description: 'Answer signed addresses, for players that cannot send headers. For signed-in people',
        }),
      ),
      lifeSec,
    }),
    output: Type.Object(
      {
        decision: OneOf(['original', 'remux', 'transcode'] as const, {
          description: 'remux: the packets of the song, bit for bit, in another container',
        }),
        reason: OneOf(REASONS),
        why: Type.String({ description: 'One sentence' }),
        use: OneOf(['stream', 'hls'] as const, { description: 'Which of the addresses suits best' }),
        stream: Nullable(
          Type.Object({
            ...Way,
            codec: Type.String(),
            bitrateKbps: Type.Integer(),
            lossless: Type.Boolean(),
          }),
        ),
        hls: Nullable(Type.Object(Way)),
        dash: Nullable(Type.Object(Way)),
        coverUrl: Nullable(Type.String()),
        expiresAt: Nullable(Type.Unsafe<string>({ ...Time, description: 'Of signed addresses' })),
      },
      { $id: 'Playback' },
    ),
  }),
}
