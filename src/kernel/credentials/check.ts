import { hash } from 'node:crypto'
import type { Role, Scope } from '#kernel/caller.ts'
import { AppError, unauthorized, unavailable } from '#kernel/errors.ts'
import type { Keys, Proof } from '#kernel/keys.ts'
import { createKept } from './kept.ts'
import { ACCESS_AUDIENCE } from './names.ts'
import type { Notices } from './notices.ts'
import type { Credential } from './read.ts'

/** For so long a missed notice could leave an ended credential alive in another process. */
const KEPT_MS = 10_000
/** Notices about one credential that come while it is asked for, before the request is sent away. */
const ASKS_MAX = 4
/** Longer texts are no credential of ours, nor of an issuer that `authenticate` would take. */
const API_KEY_LENGTH_MAX = 200
const TOKEN_LENGTH_MAX = 8192

/** What is asked of the owner of accounts. */
export type Question = { sessionId: string } | { apiKey: string } | { bearer: string }
/** Who stands behind a credential. `expiresAt`: from then on it is not good whatever else. */
export type Found = {
  readonly userId: string
  readonly role: Role
  readonly sessionId?: string
  readonly keyId?: string
  readonly scopes?: readonly Scope[]
  readonly expiresAt?: string
}
/** The operation `authenticate`; null for a credential that is not good (any more). */
export type Authenticate = (question: Question) => Promise<Found | null>

type Entry = {
  readonly holder: Found
  readonly mark: number
  readonly question: Question
  /** Of a token of ours: it need not be verified again while its key lives. */
  readonly proof: Proof | undefined
  /** The credential itself ends. */
  readonly endsAtMs: number
  /** Until then the answer is used without asking; never past the end of the credential or of the token. */
  readonly untilMs: number
}
/** A credential that was found good. */
export type Checked = Pick<Entry, 'holder' | 'mark' | 'question' | 'endsAtMs'>

export type Check = {
  /**
   * Who stands behind it. Answers are kept for seconds and forgotten at once by a notice that access ended, and no
   * answer that was asked for before such a notice lets anyone in after it.
   * Throws 401, or 503 when nobody can tell right now.
   */
  credential(c: Credential): Promise<Checked>
  /** Until when a credential that was good still is, asked anew; null when it is not, or for another role. */
  again(c: Pick<Checked, 'question' | 'holder'>): Promise<number | null>
}
type Deps = {
  keys: Keys
  notices: Notices
  authenticate: Authenticate
  /** Tokens that say they are of this issuer are passed on to `authenticate`. */
  bearerIssuer?: string | undefined
  now?: () => number
}

export function createCheck({ keys, notices, authenticate, bearerIssuer, now = Date.now }: Deps): Check {
  const kept = createKept<Entry>()
  notices.onNotice((notice) => kept.forget(notice))
  const ask = createAsk(authenticate, notices, now)
  const isUsable = (e: Entry) =>
    now() < e.untilMs && notices.isLinked() && (e.proof === undefined || keys.has(e.proof.kid))

  async function askAnew(id: string, c: Credential, known: Entry | undefined): Promise<Checked> {
    const { question, proof } = await questionFor(c, known)
    const { found, mark, askedAt } = await ask(id, question)
    if (!found) throw refusalOf(question)
    const endsAtMs = endOf(found)
    if (endsAtMs <= now()) throw refusalOf(question)
    const untilMs = Math.min(askedAt + KEPT_MS, endsAtMs, proof?.expMs ?? Number.POSITIVE_INFINITY)
    const entry = { holder: found, mark, question, proof, endsAtMs, untilMs }
    // A notice may have come between the answer and this line: it found nothing to forget, so nothing is kept.
    if (!notices.concern(mark, found)) kept.set(id, entry)
    return entry
  }
  async function questionFor(c: Credential, known: Entry | undefined): Promise<Pick<Entry, 'question' | 'proof'>> {
    if (c.kind === 'apiKey') return { question: { apiKey: c.text }, proof: undefined }
    if (c.kind === 'token' && bearerIssuer !== undefined && isIssuedBy(c.text, bearerIssuer))
      return { question: { bearer: c.text }, proof: undefined }
    if (known?.proof && now() < known.proof.expMs && keys.has(known.proof.kid)) return known
    const proof = await keys.prove(c.text, ACCESS_AUDIENCE)
    const { sid } = proof.payload
    if (typeof sid !== 'string') throw refusalOf({ sessionId: '' })
    return { question: { sessionId: sid }, proof }
  }
  return {
    async credential(c) {
      if (c.text.length > (c.kind === 'apiKey' ? API_KEY_LENGTH_MAX : TOKEN_LENGTH_MAX)) throw tooLong(c)
      const id = `${c.kind}:${hash('sha256', c.text, 'base64url')}`
      const known = kept.get(id)
      return known && isUsable(known) ? known : askAnew(id, c, known)
    },
    async again({ question, holder }) {
      const found = await authenticate(question)
      return found && asFound(found, question).role === holder.role && now() < endOf(found) ? endOf(found) : null
    },
  }
}

type Answer = { found: Found | null; mark: number; askedAt: number }

/** Ask who it is, once for all who ask at the same time; anew when a notice about the answer came meanwhile. */
function createAsk(authenticate: Authenticate, notices: Notices, now: () => number) {
  const flights = new Map<string, Promise<Answer>>()
  async function send(question: Question): Promise<Answer> {
    const [mark, askedAt] = [notices.mark(), now()]
    const found = await authenticate(question).catch(cannotTell)
    return { found: found && asFound(found, question), mark, askedAt }
  }
  function join(id: string, question: Question): Promise<Answer> {
    const flight = flights.get(id) ?? send(question).finally(() => flights.delete(id))
    flights.set(id, flight)
    return flight
  }
  return async (id: string, question: Question): Promise<Answer> => {
    for (let asked = 0; asked < ASKS_MAX; asked++) {
      const answer = await join(id, question)
      if (!answer.found || !notices.concern(answer.mark, answer.found)) return answer
    }
    throw unavailable('check_unavailable', 'Your access is being changed right now: try again in a moment.', 1)
  }
}

/**
 * INVARIANTS, whatever the owner of accounts answers: only a token of ours proves a session; an API key may do no more
 * than its scopes say; without the scope `admin` it is never an admin's.
 */
function asFound(found: Found, question: Question): Found {
  const { userId, role, expiresAt } = found
  const ends = expiresAt === undefined ? {} : { expiresAt }
  if ('sessionId' in question) return { userId, role, sessionId: question.sessionId, ...ends }
  const scopes = 'apiKey' in question ? (found.scopes ?? []) : found.scopes
  if (scopes === undefined) return { userId, role, ...ends }
  const lowered = role === 'admin' && !scopes.includes('admin') ? 'artist' : role
  return { userId, role: lowered, scopes, ...(found.keyId ? { keyId: found.keyId } : {}), ...ends }
}

const endOf = (found: Found): number => (found.expiresAt ? Date.parse(found.expiresAt) : Number.POSITIVE_INFINITY)

const refusalOf = (question: Question): AppError => {
  if ('apiKey' in question)
    return unauthorized('api_key_invalid', 'This API key is unknown, expired or revoked: make a new one.')
  return 'sessionId' in question
    ? unauthorized('session_ended', 'This session has ended: sign in again.')
    : unauthorized('token_invalid', 'This token of the outside issuer is not accepted: sign in there again.')
}
const tooLong = (c: Credential): AppError =>
  c.kind === 'apiKey' ? refusalOf({ apiKey: '' }) : unauthorized('token_invalid', 'This is no access token: too long.')

function cannotTell(cause: unknown): never {
  if (cause instanceof AppError) throw cause
  const error = unavailable('check_unavailable', 'Who you are cannot be checked right now: try again in a moment.', 5)
  error.cause = cause
  throw error
}

/** Whose token it says it is. Decides only who verifies it. */
function isIssuedBy(token: string, issuer: string): boolean {
  try {
    const body = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iss?: unknown }
    return typeof body.iss === 'string' && withoutSlash(body.iss) === withoutSlash(issuer)
  } catch {
    return false
  }
}
const withoutSlash = (url: string): string => url.replace(/\/$/, '')
