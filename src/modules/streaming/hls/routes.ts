import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { RawHandlers } from '#kernel/contract.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { type Representation, sendHead, sendRepresentation } from '#kernel/http/bytes/send.ts'
import { gainFor, type Normalize } from '../loudness/gain.ts'
import { describeSource } from '../playback/source.ts'
import { type Profile, requireCodec } from '../profiles.ts'
import { copyBandwidth } from '../renditions/copies/bandwidth.ts'
import { COPY_PROFILES } from '../renditions/copies/kinds.ts'
import type { CopySources } from '../renditions/copies/sources.ts'
import { layoutOf, type SourceLength } from '../renditions/layout.ts'
import type { Renditions, Wanted } from '../renditions/types.ts'
import { type WantedDeps, wantedCopy, wantedOf } from '../renditions/wanted.ts'
import type { StreamFormat, streaming } from '../schema.ts'
import { type SongFile, songFile } from '../visible.ts'
import { createLingering, type Lingering } from './lingering.ts'
import { dashManifest, MANIFEST_TYPE, type Representation as Tier } from './manifest.ts'
import { masterPlaylist, mediaPlaylist, PLAYLIST_TYPE } from './playlists.ts'
import { inMemory, playlist } from './texts.ts'
import { bandwidthOf, codecsOf, tierNamed, tiersFor } from './tiers.ts'

/** What is said of it changes the bytes of all segments: count it up then. */
const MAKING = 1
const VERSION_LENGTH = 12
const INIT_TYPE = 'audio/mp4'
/** What Apple's rules recommend for `.m4s`, of audio too. */
const SEGMENT_TYPE = 'video/iso.segment'
/** Under its version an address never means other music. */
const IMMUTABLE = 'private, max-age=31536000, immutable'
const UNVERSIONED = 'private, no-cache'

/** What tags say is rounded, and segments have heads. */
const KBPS_TOLERANCE = 1.05
/** What any line bears on which music can be heard. */
const FIRST_BPS_MAX = 192_000

export type HlsDeps = WantedDeps & {
  readonly renditions: Renditions
  readonly copies: CopySources
  readonly codecs: readonly StreamFormat[]
}
type Operation = 'hlsMaster' | 'hlsPlaylist' | 'hlsInit' | 'hlsSegment' | 'dashManifest'
type Choice = {
  readonly lossless?: boolean
  readonly copy?: boolean
  readonly maxBitrateKbps?: number
  readonly normalize?: Normalize
}

const otherVersion = () =>
  new AppError(
    410,
    'rendition_changed',
    'The song is not what it was when this address was made: load the playlist anew.',
  )

/** HLS and DASH: the texts are written at each request, the segments are pieces of renditions. */
export function createHls(d: HlsDeps): Pick<RawHandlers<typeof streaming>, Operation> {
  const lingering = createLingering()
  return {
    async hlsMaster(who, { id, startSec = 0, link, ...choice }, request, reply) {
      const { file, tiers } = await chosen(d, who, id, choice)
      const own = startSec * 1000 < file.durationMs ? startSec : 0
      const variants = tiers.map((tier) => ({ ...tier, uri: `${tier.name}/index.m3u8${queryOf({ link })}` }))
      return send(request, reply, await playlist(masterPlaylist(variants, own), PLAYLIST_TYPE, acceptedBy(request)))
    },
    async hlsPlaylist(who, { id, tier: name, link }, request, reply) {
      const wanted = await wantedTier(d, who, id, name)
      const text = mediaPlaylist(wanted.layout, queryOf({ v: versionOf(wanted), link }))
      return send(request, reply, await playlist(text, PLAYLIST_TYPE, acceptedBy(request)))
    },
    async hlsInit(who, { id, tier: name, v }, request, reply) {
      const wanted = await wantedTier(d, who, id, name)
      const cacheControl = checkVersion(wanted, v)
      const rendition = await d.renditions.open(wanted)
      rendition.leave()
      return send(request, reply, inMemory(rendition.header, { contentType: INIT_TYPE, cacheControl }), name)
    },
    async hlsSegment(who, { id, tier: name, segment, v }, request, reply) {
      const wanted = await wantedTier(d, who, id, name)
      if (segment >= wanted.layout.pieces) throw notFound('segment')
      const cacheControl = checkVersion(wanted, v)
      reply.header('tutti-rendition', name)
      if (request.method === 'HEAD') return sendHead(reply.type(SEGMENT_TYPE).header('cache-control', cacheControl))
      const bytes = await pieceFor({ ...d, lingering }, reply, wanted, segment)
      return send(request, reply, inMemory(bytes, { contentType: SEGMENT_TYPE, cacheControl }), name)
    },
    async dashManifest(who, { id, link, ...choice }, request, reply) {
      const { file, tiers } = await chosen(d, who, id, choice)
      const versions = new Map(
        tiers.map((t) => [t.name, versionOf({ layout: t.layout, id: { contentId: file.contentId, profile: t.name } })]),
      )
      const text = dashManifest(tiers, (name) => queryOf({ v: versions.get(name), link }))
      return send(request, reply, await playlist(text, MANIFEST_TYPE, acceptedBy(request)))
    },
  }
}

const acceptedBy = (request: FastifyRequest): string | undefined => {
  const accepted = request.headers['accept-encoding']
  return Array.isArray(accepted) ? accepted.join(',') : accepted
}

function send(request: FastifyRequest, reply: FastifyReply, rep: Representation, name?: string): Promise<FastifyReply> {
  if (name) reply.header('tutti-rendition', name)
  return sendRepresentation(request, reply, rep)
}

const queryOf = (fields: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(fields).filter((f): f is [string, string] => f[1] !== undefined)
  return given.length > 0 ? `?${new URLSearchParams(given).toString()}` : ''
}

/** The tiers of a song that `who` may hear. Throws 422 `codec_unavailable` when none can be made here. */
async function chosen(d: HlsDeps, who: Caller, id: string, choice: Choice) {
  const file = await songFile(d.songs, who, id)
  const gainDb = choice.normalize ? gainFor(file, choice.normalize) : 0
  const copy = choice.copy && gainDb === 0 ? await copyTier(d, file, choice.maxBitrateKbps) : undefined
  const profiles = tiersFor(
    { lossless: describeSource(file).lossless, kbps: file.bitrateKbps, copiedKbps: copy && copy.averageBps / 1000 },
    { lossless: choice.lossless ? 'offered' : 'left_out', maxKbps: choice.maxBitrateKbps, gainDb },
    d.codecs,
  )
  if (profiles.length === 0 && !copy) requireCodec('aac', d.codecs)
  const source = profiles.length > 0 ? await d.timelines.of(file) : undefined
  const made = source ? profiles.map((profile) => madeTier(profile, source)) : []
  return { file, tiers: copy ? withCopy(made, copy) : made }
}

const madeTier = (profile: Profile, source: SourceLength): Tier => ({
  ...bandwidthOf(profile, source),
  name: profile.name,
  codecs: codecsOf(profile),
  layout: layoutOf(profile, source),
})

/** The packets of the song as they are; undefined where they cannot be copied, or are too many. */
async function copyTier(d: HlsDeps, file: SongFile, maxKbps = Number.POSITIVE_INFINITY): Promise<Tier | undefined> {
  const copied = (await d.copies.of(file, 'hls'))?.into('hls')
  const bandwidth = copied && copyBandwidth(copied)
  if (!copied?.layout.copy || !bandwidth || bandwidth.averageBps > maxKbps * 1000 * KBPS_TOLERANCE) return undefined
  return { ...bandwidth, name: copied.layout.profile.name, codecs: copied.layout.copy.codecs, layout: copied.layout }
}

/** Players begin with the first: the copy costs nothing to make, but may be more than an unknown line bears. */
const withCopy = (made: readonly Tier[], copy: Tier): Tier[] =>
  copy.averageBps <= FIRST_BPS_MAX ? [copy, ...made] : [...made, copy]

async function wantedTier(d: HlsDeps, who: Caller, id: string, name: string): Promise<Wanted> {
  const file = await songFile(d.songs, who, id)
  if (name === COPY_PROFILES.hls.name) {
    const source = await d.copies.of(file, 'hls')
    if (!source) throw notFound('tier')
    return wantedCopy(d, who, file, { source, target: 'hls' })
  }
  const profile = tierNamed(name)
  if (!profile) throw notFound('tier')
  requireCodec(profile.codec, d.codecs)
  return wantedOf(d, who, file, profile)
}

/** Another for other audio, another length, and another way of making it. */
const versionOf = ({ id, layout }: Pick<Wanted, 'id' | 'layout'>): string =>
  createHash('sha256')
    .update(JSON.stringify([MAKING, id.contentId, layout]))
    .digest('base64url')
    .slice(0, VERSION_LENGTH)

/** Answers how long it may be kept. Throws 410 when the address was made for another version. */
function checkVersion(wanted: Wanted, asked: string | undefined): string {
  if (asked === undefined) return UNVERSIONED
  if (asked !== versionOf(wanted)) throw otherVersion()
  return IMMUTABLE
}

/** One piece, for as long as the client waits for it. */
async function pieceFor(
  d: { readonly renditions: Renditions; readonly lingering: Lingering },
  reply: FastifyReply,
  wanted: Wanted,
  piece: number,
): Promise<Buffer> {
  const place = { listener: wanted.listener, id: wanted.id, piece }
  d.lingering.asked(place)
  const rendition = await d.renditions.open(wanted)
  const gone = new AbortController()
  const onClose = () => gone.abort(new Error('the client left'))
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  try {
    const bytes = await rendition.piece(piece, gone.signal)
    d.lingering.stay(place, () => rendition.leave())
    return bytes
  } catch (thrown) {
    rendition.leave()
    throw thrown
  } finally {
    reply.raw.off('close', onClose)
  }
}
