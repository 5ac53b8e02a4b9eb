import * as client from 'openid-client'
import { AppError, forbidden, unauthorized, unavailable } from '#kernel/errors.ts'

const TRY_AGAIN_SEC = 10

/** Also codes that the front end is told as `?error=`. */
export const flowInvalid = () =>
  unauthorized('flow_invalid', 'This sign-in was begun too long ago, elsewhere, or is over: begin again.')
export const cancelled = () =>
  forbidden('You have not agreed at the provider: sign in again if you want to.', 'sign_in_cancelled')
export const refused = () =>
  unauthorized('provider_refused', 'The provider did not confirm who you are: try again, or sign in another way.')
export const unreachable = (retryAfterSec = TRY_AGAIN_SEC) =>
  unavailable('provider_unreachable', 'The provider does not answer right now: try again in a moment.', retryAfterSec)
export const blocked = () => forbidden('This account is blocked: ask the admin of this server.', 'account_blocked')

/** A fault of the network or of the provider's server, which may be gone at the next try. */
function isPassing(thrown: unknown): boolean {
  if (thrown instanceof TypeError) return thrown.message === 'fetch failed'
  const e = thrown as { name?: string; code?: string; cause?: unknown; status?: number }
  if (e.name === 'TimeoutError' || e.code === 'OAUTH_TIMEOUT') return true
  const status = e.status ?? (e.cause instanceof Response ? e.cause.status : 0)
  return status >= 500 || status === 429
}

/** What went wrong with a provider, in words of ours: its own might carry a code, a token or a text made to mislead. */
export function ourWords(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof client.AuthorizationResponseError)
    return thrown.error === 'access_denied'
      ? cancelled()
      : thrown.error === 'temporarily_unavailable'
        ? unreachable()
        : refused()
  return isPassing(thrown) ? unreachable() : refused()
}

/** For the log: name and code, never a cause, which may hold what was sent. */
export const sayWhy = (thrown: unknown): { error: string; code?: string } => {
  const e = thrown as { name?: string; message?: string; code?: string; error?: string }
  const code = e.error ?? e.code
  return { error: `${e.name ?? 'Error'}: ${e.message ?? ''}`, ...(code ? { code } : {}) }
}
