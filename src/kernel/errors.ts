/** One fault of a request: where it is (JSON pointer) and what is wrong with it. */
export type FieldFault = { path: string; message: string }

/**
 * An error the caller may see; anything else becomes an opaque 500.
 * `code` is stable and documented, `detail` is one sentence that says what was wrong and how to mend it.
 */
export class AppError extends Error {
  readonly status: number
  readonly code: string
  readonly errors: FieldFault[] | undefined
  /** Seconds after which a new try makes sense; sent as `Retry-After`. */
  readonly retryAfterSec: number | undefined

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { errors?: FieldFault[]; retryAfterSec?: number } = {},
  ) {
    super(detail)
    this.name = 'AppError'
    this.status = status
    this.code = code
    this.errors = more.errors
    this.retryAfterSec = more.retryAfterSec
  }
}

export const badRequest = (code: string, detail: string, errors?: FieldFault[]) =>
  new AppError(400, code, detail, errors ? { errors } : {})
export const unauthorized = (code = 'unauthorized', detail = 'Sign in first: this needs a valid access token.') =>
  new AppError(401, code, detail)
export const forbidden = (detail: string, code = 'forbidden') => new AppError(403, code, detail)
/** Also the answer for a thing that exists but that the caller may not see. */
export const notFound = (what: string) => new AppError(404, 'not_found', `No such ${what}, or you may not see it.`)
export const conflict = (code: string, detail: string) => new AppError(409, code, detail)
export const unprocessable = (code: string, detail: string) => new AppError(422, code, detail)
export const tooMany = (detail: string, retryAfterSec: number, code = 'rate_limited') =>
  new AppError(429, code, detail, { retryAfterSec })
export const unavailable = (code: string, detail: string, retryAfterSec?: number) =>
  new AppError(503, code, detail, retryAfterSec === undefined ? {} : { retryAfterSec })

/** The message of anything that was thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
