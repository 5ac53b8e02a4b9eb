/** Why the product (or its database) could not start: `message` is one sentence that says how to mend it. */
export class StartError extends Error {
  /** Stable and documented, e.g. `data_folder_in_use`. */
  readonly code: string

  constructor(code: string, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? {} : { cause })
    this.name = 'StartError'
    this.code = code
  }
}

export type StartLog = (level: 'info' | 'warn' | 'error', message: string) => void

/** The system's code of a thrown file error (`ENOENT` and so on), if it has one. */
export const errnoOf = (thrown: unknown): string | undefined => {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}

export const diskFull = (where: string, cause?: unknown) =>
  new StartError('disk_full', `The disk that holds ${where} is full: free some space on it, then start again.`, cause)

const unwritable = (where: string, cause: unknown) =>
  new StartError(
    'data_folder_unwritable',
    `Tutti cannot write in ${where}: give the user that runs it the right to write there, or set TUTTI_DATA to another folder.`,
    cause,
  )

export const notAFolder = (where: string, cause?: unknown) =>
  new StartError(
    'data_folder_not_a_folder',
    `${where} cannot be used because a file stands in its way: move that file, or set TUTTI_DATA to another folder.`,
    cause,
  )

/** https://www.postgresql.org/docs/18/errcodes-appendix.html */
const POSTGRES_DISK_FULL = '53100'

/** Turns a failed file operation under `where` into a sentence; anything unknown comes back as it was thrown. */
export function asStartError(thrown: unknown, where: string): unknown {
  if (thrown instanceof StartError) return thrown
  switch (errnoOf(thrown)) {
    case 'ENOSPC':
    case 'EDQUOT':
    case POSTGRES_DISK_FULL:
      return diskFull(where, thrown)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return unwritable(where, thrown)
    case 'ENOTDIR':
    case 'EEXIST':
      return notAFolder(where, thrown)
    default:
      return thrown
  }
}
