import { type Caller, isSignedIn } from '#kernel/caller.ts'
import type { Answer, Api } from '#kernel/contract.ts'
import { signedIn } from '#kernel/policy.ts'
import { MANIFEST_TYPE } from '../hls/manifest.ts'
import { PLAYLIST_TYPE } from '../hls/playlists.ts'
import { LINK_LIFE_SEC_DEFAULT } from '../links/contract.ts'
import type { Links } from '../links/service.ts'
import { gainFor } from '../loudness/gain.ts'
import { type CopyContainer, copyTargets, type CopyTarget } from '../renditions/copies/kinds.ts'
import type { CopySources } from '../renditions/copies/sources.ts'
import type { StreamFormat, streaming } from '../schema.ts'
import { type SongFile, type Songs, songFile } from '../visible.ts'
import { abilitiesOf, clientOf, readAbilities } from './abilities.ts'
import { type Decision, decide, type Playable, type Wish } from './decide.ts'
import { describeSource } from './source.ts'

type Service = Api<typeof streaming>
type Asked = Parameters<Service['getPlayback']>[1]
type Playback = Awaited<ReturnType<Service['getPlayback']>>
type Deps = {
  readonly songs: Songs
  readonly links: Links
  readonly copies: CopySources
  readonly codecs: readonly StreamFormat[]
}

const MIME: Readonly<Record<StreamFormat, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg; codecs=opus',
  wav: 'audio/wav',
  aac: 'audio/mp4',
  flac: 'audio/flac',
}

const COPY_MIME: Readonly<Record<CopyContainer, string>> = {
  mp4: 'audio/mp4',
  ogg: 'audio/ogg; codecs=opus',
  flac: 'audio/flac',
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>
/** An address below the song; what is not given is left out. */
function addressOf(songId: string, path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== false)
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return `/api/v1/songs/${songId}/${path}${text ? `?${text}` : ''}`
}

/** What songs have in kbit/s when nothing is said of it: their bytes by their time. */
const kbpsOf = (file: SongFile): number =>
  file.bitrateKbps || (file.durationMs > 0 ? Math.round((file.sizeBytes * 8) / file.durationMs) : 0)
const playableOf = (file: SongFile): Playable => ({ ...describeSource(file), kbps: kbpsOf(file) })

/** Signed addresses are of one person: they stay in no cache. */
export const noStore: Answer = (output, _request, reply) => {
  reply.header('cache-control', 'no-store')
  return output
}

export function createPlayback(d: Deps): Pick<Service, 'getPlayback' | 'createLink'> {
  return {
    async getPlayback(who, asked) {
      const file = await songFile(d.songs, who, asked.id)
      const gainDb = asked.normalize ? gainFor(file, asked.normalize) : 0
      const source = playableOf(file)
      const wish = { ...wishOf(who, asked), gainDb, codecs: d.codecs }
      const decision = await decided(d.copies, file, source, wish)
      return answer(file, { asked, source, decision, ...(await signature(d.links, who, asked)) })
    },
    async createLink(who, { id, lifeSec = LINK_LIFE_SEC_DEFAULT }) {
      signedIn(who)
      const file = await songFile(d.songs, who, id)
      const { token: link, expiresAt } = await d.links.make(who, id, lifeSec)
      return {
        link,
        expiresAt: expiresAt.toISOString(),
        streamUrl: addressOf(id, 'stream', { link }),
        hlsUrl: addressOf(id, 'hls/master.m3u8', { link }),
        dashUrl: addressOf(id, 'hls/manifest.mpd', { link }),
        coverUrl: file.coverKey === null ? null : addressOf(id, 'cover', { link }),
      }
    },
  }
}

/** What a file of this kind could be copied into counts only once this one is found to be so. */
async function decided(copies: CopySources, file: SongFile, source: Playable, wish: Omit<Wish, 'copies'>) {
  const hoped = decide(source, { ...wish, copies: copyTargets(source) })
  const target = targetOf(hoped)
  if (target === undefined || (await copies.of(file, target))) return hoped
  return decide(source, { ...wish, copies: [] })
}
const targetOf = ({ decision, stream }: Decision): CopyTarget | undefined => {
  if (decision !== 'remux') return undefined
  return typeof stream === 'object' && 'copy' in stream ? stream.copy : 'hls'
}

function wishOf(who: Caller, asked: Asked) {
  const client = asked.client ?? clientOf(who.userAgent)
  return {
    abilities: asked.codecs === undefined ? abilitiesOf(client) : readAbilities(asked.codecs),
    maxKbps: asked.maxBitrateKbps,
    network: asked.network,
    lossless: asked.lossless === undefined ? undefined : asked.lossless ? ('wanted' as const) : ('declined' as const),
  }
}

type Signature = { readonly link: string | undefined; readonly expiresAt: string | null }
/** Nobody needs none: what nobody may hear has no signature either. */
async function signature(links: Links, who: Caller, asked: Asked): Promise<Signature> {
  if (!asked.signed || !isSignedIn(who)) return { link: undefined, expiresAt: null }
  const made = await links.make(who, asked.id, asked.lifeSec ?? LINK_LIFE_SEC_DEFAULT)
  return { link: made.token, expiresAt: made.expiresAt.toISOString() }
}

type Told = Signature & { readonly asked: Asked; readonly source: Playable; readonly decision: Decision }

function answer(file: SongFile, told: Told): Playback {
  const { decision, link, expiresAt, asked } = told
  const { hls } = decision
  const choice = hls && {
    lossless: hls.lossless,
    copy: hls.copy,
    maxBitrateKbps: hls.maxKbps,
    normalize: asked.normalize,
    link,
  }
  return {
    decision: decision.decision,
    reason: decision.reason,
    why: decision.why,
    use: decision.use,
    stream: streamOf(file, told),
    hls: choice ? { url: addressOf(file.songId, 'hls/master.m3u8', choice), mimeType: PLAYLIST_TYPE } : null,
    dash: choice ? { url: addressOf(file.songId, 'hls/manifest.mpd', choice), mimeType: MANIFEST_TYPE } : null,
    coverUrl: file.coverKey === null ? null : addressOf(file.songId, 'cover', { link }),
    expiresAt,
  }
}

function streamOf(file: SongFile, { decision, source, asked, link }: Told): Playback['stream'] {
  const way = decision.stream
  if (!way) return null
  if (way !== 'original' && 'copy' in way) {
    const { copy, codec, lossless, kbps } = way
    const url = addressOf(file.songId, 'stream', { container: copy, link })
    return { url, mimeType: COPY_MIME[copy], codec, bitrateKbps: kbps, lossless }
  }
  if (way === 'original') {
    const { codec, lossless, kbps } = source
    return {
      url: addressOf(file.songId, 'stream', { link }),
      mimeType: file.mimeType,
      codec,
      bitrateKbps: kbps,
      lossless,
    }
  }
  const { format, quality, codec, kbps, lossless } = way
  const query = { format, ...(lossless ? {} : { quality }), normalize: asked.normalize, link }
  return { url: addressOf(file.songId, 'stream', query), mimeType: MIME[format], codec, bitrateKbps: kbps, lossless }
}
