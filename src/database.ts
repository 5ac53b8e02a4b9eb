import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { App } from '#kernel/app/index.ts'
import { nobody } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { StartError } from '#kernel/db/embedded/errors.ts'
import type { identity } from '#modules/identity/schema.ts'
import { MODULES } from './targets.ts'

const PEOPLE = [
  { username: 'admin', role: 'admin' },
  { username: 'artist', role: 'artist' },
  { username: 'listener', role: 'user' },
] as const

/** Drop every table of Tutti and what is derived from them. Music folders and the encryption key are not touched. */
export async function resetDatabase(app: App, o: { dataDir: string; confirmed: boolean }): Promise<void> {
  if (!o.confirmed && !(await confirm()))
    throw new StartError('not_confirmed', 'Nothing was reset: say yes, or add "-- --yes".')
  for (const schema of [...Object.keys(MODULES), 'kernel', 'graphile_worker'])
    await app.ports.db.pool.query(`drop schema if exists "${schema}" cascade`)
  const { blobs } = app.ports
  if (blobs.isRemote) for await (const { key } of blobs.list('')) await blobs.delete(key)
  await rm(join(o.dataDir, 'blobs'), { recursive: true, force: true })
  process.stdout.write('The database is empty; the next start makes it anew.\n')
}

async function confirm(): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const said = await lines.question('This forgets all accounts, plays and analysis. The music stays. Go on? (yes/no) ')
  lines.close()
  return said.trim().toLowerCase() === 'yes'
}

/** Three accounts to try things with, for development; refuses where there are accounts already. */
export async function seedDatabase(app: App): Promise<void> {
  const accounts = app.wired.find((w) => w.module.name === 'identity')?.running.api.identity as unknown as Api<
    typeof identity
  >
  if (!(await accounts.setup(nobody('seed'), {})).needsFirstAccount)
    throw new StartError('already_seeded', 'There are accounts already: `npm run db:reset` first.')
  for (const { username, role } of PEOPLE) {
    const password = randomBytes(9).toString('base64url')
    const { user } = await accounts.register(nobody('seed'), { username, email: `${username}@example.org`, password })
    await app.ports.db.pool.query('update identity.users set role = $2 where id = $1', [user.id, role])
    process.stdout.write(`${username.padEnd(10)} ${role.padEnd(8)} password ${password}\n`)
  }
}
