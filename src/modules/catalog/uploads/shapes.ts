import type { UPLOAD_KINDS, UPLOAD_STATES, Upload } from './contract.ts'

export type State = (typeof UPLOAD_STATES)[number]
export type Kind = (typeof UPLOAD_KINDS)[number]

/** What the person said of an upload when it began. */
export type Fields = {
  readonly createSong?: boolean | undefined
  readonly title?: string | undefined
  readonly artist?: string | undefined
  readonly album?: string | undefined
  /** Only ever true of who may publish. */
  readonly isPublic?: boolean | undefined
  /** The header of a resumable client as it came; told back to it. */
  readonly metadata?: string | undefined
}

export type UploadRow = {
  id: string
  ownerId: string
  kind: Kind
  state: State
  progress: number
  fileName: string | null
  sizeBytes: number | null
  receivedBytes: number
  fields: Fields
  hash: string | null
  imageHash: string | null
  songId: string | null
  isDuplicate: boolean
  faultCode: string | null
  faultDetail: string | null
  createdAt: Date
  updatedAt: Date
  expiresAt: Date | null
}

/** Where each step of an upload stands on its whole way. */
export const RECEIVED = 0.6
export const VERIFIED = 0.8
/** Progress is told in thousandths: more changes nothing that a person sees. */
const STEPS = 1000

/** `done` (0..1) of the step between two marks. */
export const progressAt = (from: number, to: number, done: number): number =>
  Math.round((from + (to - from) * Math.min(1, Math.max(0, done))) * STEPS) / STEPS

function progressOf(r: UploadRow): number {
  if (r.state !== 'uploading') return progressAt(0, 1, r.progress)
  return progressAt(0, RECEIVED, r.sizeBytes ? r.receivedBytes / r.sizeBytes : 0)
}

export const toUpload = (r: UploadRow): Upload => ({
  id: r.id,
  kind: r.kind,
  status: r.state,
  progress: progressOf(r),
  fileName: r.fileName,
  sizeBytes: r.sizeBytes,
  receivedBytes: r.receivedBytes,
  checksum: r.hash,
  isDuplicate: r.isDuplicate,
  songId: r.songId,
  error: r.faultCode === null ? null : { code: r.faultCode, detail: r.faultDetail ?? '' },
  createdAt: r.createdAt.toISOString(),
  updatedAt: r.updatedAt.toISOString(),
  expiresAt: r.expiresAt?.toISOString() ?? null,
})
