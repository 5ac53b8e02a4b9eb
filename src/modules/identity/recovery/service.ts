import type { Api } from '#kernel/contract.ts'
import { type Cron, type Ctx, type JobHandler, runs } from '#kernel/module.ts'
import { createAttempts } from '#modules/identity/accounts/attempts.ts'
import type { identity } from '#modules/identity/accounts/contract.ts'
import { sendLetter } from '#modules/identity/events.ts'
import type { Tables } from '#modules/identity/tables.ts'
import type { recoveryOperations } from './contract.ts'
import { changeEmail, resendVerification, verifyEmail } from './emails.ts'
import { send } from './letters.ts'
import { changePassword, forgotPassword, resetPassword } from './passwords.ts'
import { prune } from './store.ts'

const HOUR_MS = 3_600_000

type Service = Pick<Api<typeof identity>, keyof typeof recoveryOperations>
type Recovery = { readonly api: Service; readonly jobs: readonly JobHandler[]; readonly cron: readonly Cron[] }

/** Ways back into an account, and ways to prove or change what leads into it. */
export function createRecovery(ctx: Ctx<Tables>): Recovery {
  const attempts = createAttempts(ctx.counters)
  return {
    api: {
      forgotPassword: (who, input) => forgotPassword(ctx, who, input),
      resetPassword: (who, input) => resetPassword(ctx, attempts, who, input),
      verifyEmail: (who, input) => verifyEmail(ctx, who, input),
      resendVerification: (who) => resendVerification(ctx, who),
      changePassword: (who, input) => changePassword(ctx, attempts, who, input),
      changeEmail: (who, input) => changeEmail(ctx, attempts, who, input),
    },
    jobs: [runs(sendLetter, ({ letterId }, run) => send(ctx, letterId, run))],
    cron: [{ name: 'identity.prune-links', everyMs: HOUR_MS, run: () => prune(ctx.db, ctx.now()) }],
  }
}
