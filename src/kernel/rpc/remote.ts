import type { Caller } from '#kernel/caller.ts'
import type { Contract } from '#kernel/contract.ts'
import { AppError, type FieldFault, unavailable } from '#kernel/errors.ts'
import { INTERNAL_HEADER } from '#kernel/identify.ts'

const TIMEOUT_MS = 15_000

type Problem = { status: number; code: string; detail: string; errors?: FieldFault[] }
type Call = (who: Caller, input: unknown) => Promise<unknown>

/** Speak a contract to the process that runs it. Errors come back as the same {@link AppError} the service threw. */
export function remoteApi(
  contract: Contract,
  base: string,
  token: (who: Caller) => Promise<string>,
): Record<string, Call> {
  const callable = Object.entries(contract.operations).filter(([, o]) => o.kind !== 'raw')
  return Object.fromEntries(
    callable.map(([name]) => [name, (who, input) => call({ contract: contract.name, name, base, token }, who, input)]),
  )
}

type Target = { contract: string; name: string; base: string; token: (who: Caller) => Promise<string> }

async function call(t: Target, who: Caller, input: unknown): Promise<unknown> {
  const answer = await send(t, who, input)
  const body = await answer.json().catch(() => undefined)
  if (answer.ok && isObject(body)) return body.output
  if (!isProblem(body)) throw silent(t.contract)
  const after = Number(answer.headers.get('retry-after') ?? Number.NaN)
  throw new AppError(body.status, body.code, body.detail, {
    ...(body.errors ? { errors: body.errors } : {}),
    ...(Number.isFinite(after) ? { retryAfterSec: after } : {}),
  })
}

const isObject = (body: unknown): body is { output?: unknown } => typeof body === 'object' && body !== null
/** Whatever else answers at that address (a proxy, another program) is none of ours. */
const isProblem = (body: unknown): body is Problem =>
  isObject(body) && 'status' in body && 'code' in body && 'detail' in body && typeof body.detail === 'string'
const silent = (contract: string) =>
  unavailable('service_unavailable', `The part of Tutti that knows ${contract} does not answer right now.`, 5)

async function send(t: Target, who: Caller, input: unknown): Promise<Response> {
  try {
    return await fetch(new URL(`/internal/${t.contract}/${t.name}`, t.base), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [INTERNAL_HEADER]: await t.token(who) },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch {
    throw silent(t.contract)
  }
}
