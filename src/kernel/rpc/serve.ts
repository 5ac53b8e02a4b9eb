import type { FastifyInstance } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { Contract } from '#kernel/contract.ts'
import type { Identify } from '#kernel/identify.ts'
import { compile, invalidInput } from '#kernel/validate.ts'

const BODY_BYTES_MAX = 8 * 1024 * 1024

/** Answer other processes of this installation: every operation that is not raw, to callers they vouch for. */
export function serveInternal(
  app: FastifyInstance,
  m: { contract: Contract; api: Record<string, (who: Caller, input: unknown) => Promise<unknown>> },
  identify: Identify,
): void {
  for (const [name, o] of Object.entries(m.contract.operations)) {
    const run = m.api[name]
    if (o.kind === 'raw' || !run) continue
    const check = compile(o.input, 'json')
    app.post(`/internal/${m.contract.name}/${name}`, { bodyLimit: BODY_BYTES_MAX }, async (request) => {
      const who = await identify.call(request)
      const input = request.body ?? {}
      if (!check(input)) throw invalidInput(check.errors)
      return { output: (await run(who, input)) ?? null }
    })
  }
}
