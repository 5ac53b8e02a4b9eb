import { contract, op, raw } from '#kernel/contract.ts'
import { exportOfUser } from '#kernel/personal.ts'
import { Empty, Id, Nullable, OneOf, Page, pageQuery, type Static, Strict, Text, Time, Type } from '#kernel/schema.ts'

export const UPLOAD_STATES = ['pending', 'uploading', 'processing', 'analyzing', 'completed', 'failed'] as const
export const UPLOAD_KINDS = ['audio', 'image'] as const

export const Upload = Type.Object(
  {
    id: Id,
    kind: OneOf(UPLOAD_KINDS),
    status: OneOf(UPLOAD_STATES),
    progress: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Of the whole way, from the first byte to the last step',
    }),
    fileName: Nullable(Type.String()),
    sizeBytes: Nullable(Type.Integer({ description: 'Null while a resumable upload has not told it' })),
    receivedBytes: Type.Integer(),
    checksum: Nullable(Type.String({ description: 'SHA-256 of the bytes as they came, hex; once they are all there' })),
    isDuplicate: Type.Boolean({ description: 'You had uploaded these bytes before: `songId` is the song they are' }),
    songId: Nullable(Id),
    error: Nullable(Type.Object({ code: Type.String(), detail: Type.String() })),
    createdAt: Time,
    updatedAt: Time,
    expiresAt: Nullable(Time),
  },
  { $id: 'Upload' },
)
export type Upload = Static<typeof Upload>

export const Quota = Type.Object(
  {
    usedBytes: Type.Integer({ description: 'Of the songs and unfinished uploads' }),
    quotaBytes: Nullable(Type.Integer({ description: 'Null: as much as the disk holds' })),
    fileMaxBytes: Type.Integer(),
    imageMaxBytes: Type.Integer(),
  },
  { $id: 'UploadQuota' },
)

/** What a song that is made of an upload shall say from its first moment, where the file says something else or nothing. */
export const uploadFields = {
  createSong: Type.Optional(
    Type.Boolean({ default: true, description: 'False: keep the file for POST /songs {uploadId}' }),
  ),
  title: Type.Optional(Text(500)),
  artist: Type.Optional(Text(500)),
  album: Type.Optional(Text(500)),
  isPublic: Type.Optional(Type.Boolean({ description: 'Artists only; what others upload stays private' })),
}

export const BATCH_FILES_MAX = 20

/** What the resumable endpoint speaks; told to whoever asks by OPTIONS. */
export const TUS_HEADERS = {
  'tus-resumable': '1.0.0',
  'tus-version': '1.0.0',
  'tus-extension': 'creation,creation-with-upload,creation-defer-length,expiration,termination,checksum',
  'tus-checksum-algorithm': 'sha1,sha256,md5',
} as const
const OFFSET_STREAM = 'application/offset+octet-stream'
const resumable = {
  auth: 'user',
  rate: 'media',
  scope: 'write',
  announces: TUS_HEADERS,
  produces: ['application/json'],
} as const

export const uploads = contract('uploads', 'Uploads: files, pictures, and how far they are', {
  uploadAudio: op({
    method: 'POST',
    path: '/upload/audio',
    auth: 'user',
    rate: 'media',
    status: 201,
    summary: 'One audio file; a song is made of it',
    files: { audio: { of: 'audio', aliases: ['file'], required: true } },
    input: Strict(uploadFields),
    output: Upload,
  }),
  uploadBatch: op({
    method: 'POST',
    path: '/upload/audio/batch',
    auth: 'user',
    rate: 'media',
    status: 201,
    summary: 'Several audio files; each is taken or refused by itself',
    files: { audio: { of: 'audio', aliases: ['files', 'file'], required: true, max: BATCH_FILES_MAX } },
    input: Strict({ createSong: uploadFields.createSong, isPublic: uploadFields.isPublic }),
    output: Type.Object({ items: Type.Array(Upload) }),
  }),
  uploadImage: op({
    method: 'POST',
    path: '/upload/image',
    auth: 'user',
    rate: 'media',
    status: 201,
    summary: 'A picture, to be used as the cover of a song or an album',
    files: { image: { of: 'image', aliases: ['file'], required: true } },
    input: Strict({}),
    output: Upload,
  }),
  createTusUpload: raw({
    ...resumable,
    method: 'POST',
    path: '/upload/files',
    summary: 'Begin a resumable upload (tus 1.0)',
    description:
      'Send `Upload-Length`, or `Upload-Defer-Length: 1`, and in `Upload-Metadata` any of filename, filetype, kind (audio or image), createSong, title, artist, album, isPublic.',
    consumes: [OFFSET_STREAM],
    input: Empty,
  }),
  getTusUpload: raw({
    ...resumable,
    method: 'GET',
    path: '/upload/files/:id',
    summary: 'HEAD tells the offset of a resumable upload; GET the upload itself',
    input: Strict({ id: Id }),
  }),
  patchTusUpload: raw({
    ...resumable,
    method: 'PATCH',
    path: '/upload/files/:id',
    aliases: ['POST /upload/files/:id'],
    summary: 'Send bytes of a resumable upload from an offset on',
    description: 'POST with `X-HTTP-Method-Override: PATCH` does the same.',
    consumes: [OFFSET_STREAM],
    input: Strict({ id: Id }),
  }),
  deleteTusUpload: raw({
    ...resumable,
    method: 'DELETE',
    path: '/upload/files/:id',
    summary: 'Cancel a resumable upload, or forget it',
    input: Strict({ id: Id }),
  }),
  listUploads: op({
    method: 'GET',
    path: '/upload',
    auth: 'user',
    summary: 'Your uploads, newest first',
    input: Strict({ ...pageQuery, status: Type.Optional(OneOf(UPLOAD_STATES)) }),
    output: Page(Upload),
  }),
  getUpload: op({
    method: 'GET',
    path: '/upload/status/:id',
    auth: 'user',
    summary: 'How far an upload is',
    input: Strict({ id: Id }),
    output: Upload,
  }),
  deleteUpload: op({
    method: 'DELETE',
    path: '/upload/:id',
    auth: 'user',
    status: 204,
    summary: 'Cancel an upload, or forget it; a song that was made of it stays',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  getQuota: op({
    method: 'GET',
    path: '/upload/quota',
    auth: 'user',
    summary: 'How much you may upload, and have',
    input: Empty,
    output: Quota,
  }),
  exportOfUser,
})
