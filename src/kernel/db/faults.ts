import { type AppError, unavailable } from '#kernel/errors.ts'

const RETRY_AFTER_SEC = 2
/** PostgreSQL shuts down, starts, was killed, or takes no more connections; the connection is gone. */
const AWAY = new Set(['57P01', '57P02', '57P03', '53300', '08000', '08001', '08003', '08006', 'ECONNREFUSED'])
/** A statement that took longer than is allowed; a row that somebody else held for too long. */
const TOO_LONG = new Set(['57014', '55P03'])
/** What the driver says has no code. */
const LOST = /^Connection terminated/
const NO_CONNECTION_FREE = 'timeout exceeded when trying to connect'

const away = () =>
  unavailable('database_unavailable', 'The database does not answer right now: try again shortly.', RETRY_AFTER_SEC)
const tooLong = () =>
  unavailable('database_busy', 'The database is too busy to answer this now: try again shortly.', RETRY_AFTER_SEC)

/** What a failed question to the database means to who asked; undefined when it is a fault of the question. */
export function databaseFault(thrown: unknown): AppError | undefined {
  const { code = '', message = '', syscall } = thrown as { code?: string; message?: string; syscall?: string }
  if (AWAY.has(code) || LOST.test(message) || (code === 'ENOENT' && syscall === 'connect')) return away()
  return TOO_LONG.has(code) || message === NO_CONNECTION_FREE ? tooLong() : undefined
}
