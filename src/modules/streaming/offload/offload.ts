import { isUtf8 } from 'node:buffer'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import type { Blobs } from '#kernel/blob/index.ts'
import type { Config } from '#kernel/config/index.ts'
import type { Root } from '#kernel/config/schema.ts'
import type { HandOver } from '#kernel/http/bytes/send.ts'
import { INTERNAL_HEADER } from '#kernel/identify.ts'
import { pathInFront, placesOf } from './paths.ts'

/** How long a link to the store works: a player that holds it for longer comes back to us. */
const LINK_LIVES_SEC = 3600

type Settings = Pick<Config, 'dataDir' | 'musicDirs' | 'sendfile' | 'sendfileRoots' | 's3Redirect'>
type By = (request: FastifyRequest) => HandOver | undefined | Promise<HandOver | undefined>
type LinkHeaders = { readonly contentType: string; readonly disposition?: string | undefined }

/** Who may send the bytes of an answer in our place, once we have said that they may be sent. */
export type Offload = {
  /** A file by its path; undefined when nobody but us sends it. */
  file(path: Buffer): By | undefined
  blob(key: string, link: LinkHeaders): By | undefined
}

/** Where the server in front has our folders, when nothing else was said. */
function defaultRoots({ sendfile, dataDir, musicDirs }: Settings): Root[] {
  const folders = [
    { folder: join(dataDir, 'blobs'), as: '/_tutti/blobs' },
    ...musicDirs.map((folder, i) => ({ folder, as: `/_tutti/music/${i + 1}` })),
  ]
  return sendfile === 'nginx' ? folders : folders.map(({ folder }) => ({ folder, as: folder }))
}

/**
 * Whether the server in front asks. INVARIANT: nobody else is told a path. The peer is one of `TRUST_PROXY` exactly when
 * it may name others for whom it asks; another process of Tutti passes answers on, and may itself be asked by anybody.
 */
const isThroughFront = (request: FastifyRequest): boolean =>
  (request.ips?.length ?? 0) > 1 && request.headers[INTERNAL_HEADER] === undefined

/** Conditions that a server in front would judge by validators of its own. */
function isOurs({ headers }: FastifyRequest, front: 'nginx' | 'apache'): boolean {
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return true
  const condition = headers['if-range']
  if (condition === undefined) return false
  return front === 'apache' || !String(condition).endsWith('"')
}

/** Web pages keep to their own origin (their policy says so, and Web Audio needs it); apps follow a link anywhere. */
const isWebPage = ({ headers }: FastifyRequest): boolean =>
  headers['sec-fetch-mode'] !== undefined || headers.origin !== undefined || headers.cookie !== undefined

export function createOffload({ config, blobs }: { config: Settings; blobs: Blobs }): Offload {
  const front = config.sendfile
  const places = placesOf(config.sendfileRoots.length > 0 ? config.sendfileRoots : defaultRoots(config))
  const name = front === 'nginx' ? 'x-accel-redirect' : 'x-sendfile'

  function file(path: Buffer): By | undefined {
    if (front === undefined || (front === 'apache' && !isUtf8(path))) return undefined
    const value = pathInFront(places, path)
    if (value === undefined) return undefined
    return (request) =>
      isThroughFront(request) && !isOurs(request, front) ? { status: 200, headers: { [name]: value } } : undefined
  }
  function link(key: string, { contentType, disposition }: LinkHeaders): By {
    return async (request) => {
      if (isWebPage(request)) return undefined
      const named = { expiresSec: LINK_LIVES_SEC, contentType, ...(disposition && { disposition }) }
      const location = await blobs.presign(key, named)
      return location === undefined ? undefined : { status: 302, headers: { location, 'cache-control': 'no-store' } }
    }
  }
  return {
    file,
    blob(key, headers) {
      if (!blobs.isRemote) return file(Buffer.from(blobs.localPath(key)))
      return config.s3Redirect ? link(key, headers) : undefined
    },
  }
}
