/** One fault of a request: where it is (JSON pointer) and what is wrong with it. */
export type Fault = { path: string; message: string }

/** The fields of an RFC 9457 problem that the server sends. */
export type Problem = {
  status: number
  code: string
  title: string
  detail: string
  requestId: string | null
  errors: Fault[]
  /** Seconds after which a new try makes sense. */
  retryAfterSec: number | null
}

/**
 * What a call throws. `code` is stable, `message` is one sentence a person can read.
 * `status` 0 means that no answer came: code `unreachable`, or `aborted` when the caller's signal ended it.
 */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly requestId: string | null
  readonly errors: readonly Fault[]
  readonly retryAfterSec: number | null

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiError'
    this.status = problem.status
    this.code = problem.code
    this.title = problem.title
    this.requestId = problem.requestId
    this.errors = problem.errors
    this.retryAfterSec = problem.retryAfterSec
  }
}

const textOf = (value: unknown, otherwise: string) => (typeof value === 'string' && value !== '' ? value : otherwise)

const faultsOf = (value: unknown): Fault[] =>
  Array.isArray(value)
    ? value.flatMap((f: unknown) => {
        const { path, message } = (f ?? {}) as Partial<Fault>
        return typeof message === 'string' ? [{ path: textOf(path, ''), message }] : []
      })
    : []

/** The error in a refused answer, whatever stands in its body (a proxy in between may have written it). */
export async function errorOfResponse(response: Response): Promise<ApiError> {
  const body = ((await response.json().catch(() => null)) ?? {}) as Record<string, unknown>
  const retryAfter = Number(response.headers.get('retry-after'))
  return new ApiError({
    status: response.status,
    code: textOf(body['code'], `http_${response.status}`),
    title: textOf(body['title'], response.statusText),
    detail: textOf(body['detail'], `The server answered ${response.status} without saying why.`),
    requestId: textOf(body['requestId'], response.headers.get('x-request-id') ?? '') || null,
    errors: faultsOf(body['errors']),
    retryAfterSec: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
  })
}

/** The error for a call that got no answer. */
export function errorOfFailure(thrown: unknown): ApiError {
  const aborted = thrown instanceof Error && thrown.name === 'AbortError'
  return new ApiError({
    status: 0,
    code: aborted ? 'aborted' : 'unreachable',
    title: aborted ? 'Aborted' : 'No answer',
    detail: aborted
      ? 'The call was given up.'
      : 'The server does not answer: check that it runs and that you are online.',
    requestId: null,
    errors: [],
    retryAfterSec: null,
  })
}
