import { randomBytes } from 'node:crypto'
import { forbidden } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { isSameText } from '#modules/identity/secrets.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { hasUsers } from '#modules/identity/users.ts'

const LOOPBACK = new Set(['127.0.0.1', '::1', '[::1]', 'localhost'])
const CODE_BYTES = 5

type Context = Ctx<Tables>

export async function setupCode(db: Db): Promise<string | undefined> {
  return (await db.selectFrom('identity.setup_code').select('code').executeTakeFirst())?.code
}
export const dropSetupCode = (db: Db) => db.deleteFrom('identity.setup_code').execute()

/** Keeps the code that is there: it has been printed already. */
async function keepSetupCode(db: Db, code: string): Promise<string> {
  await db
    .insertInto('identity.setup_code')
    .values({ one: true, code })
    .onConflict((c) => c.doNothing())
    .execute()
  return (await setupCode(db)) ?? code
}

/** Throws 403 when this would be the first account and the code that it needs was not given. */
export async function checkSetupCode(db: Db, given: string | undefined): Promise<void> {
  if (await hasUsers(db)) return
  const code = await setupCode(db)
  if (code === undefined || (given !== undefined && isSameText(given.trim().toUpperCase(), code))) return
  throw forbidden(
    'The first account needs the set-up code that the server has printed in its log.',
    'setup_code_needed',
  )
}

/** Whether nobody from outside can call: behind a proxy (`PUBLIC_URL`) a loopback address is open to all too. */
const isOnlyHere = ({ host, publicUrl }: Context['config']): boolean =>
  LOOPBACK.has(host) && (publicUrl === undefined || LOOPBACK.has(new URL(publicUrl).hostname))

/** Beyond loopback a stranger could be first: the first account then needs a code that only the operator sees. */
export async function announceSetup(ctx: Context): Promise<void> {
  if (await hasUsers(ctx.db)) return
  if (isOnlyHere(ctx.config)) return void (await dropSetupCode(ctx.db))
  const code = await keepSetupCode(ctx.db, randomBytes(CODE_BYTES).toString('hex').toUpperCase())
  ctx.log.warn(`The first account (admin) needs this set-up code: ${code}`)
}
