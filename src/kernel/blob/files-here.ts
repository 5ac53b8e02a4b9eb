import type { Blobs } from './index.ts'

type Filed = { readonly pathBase64: string; readonly blobKey: string | null }

/**
 * Files as this process finds them. Who asked another process was told where that one has its local copies, which may
 * be another machine's folder.
 */
export const filesHere = <T extends Filed>(blobs: Pick<Blobs, 'isRemote' | 'localPath'>, files: readonly T[]): T[] =>
  files.map((file) =>
    blobs.isRemote && file.blobKey !== null
      ? { ...file, pathBase64: Buffer.from(blobs.localPath(file.blobKey)).toString('base64') }
      : file,
  )
