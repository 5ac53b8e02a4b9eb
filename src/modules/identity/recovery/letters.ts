import { randomBytes } from 'node:crypto'
import { type Caller, nobody } from '#kernel/caller.ts'
import { MailError } from '#kernel/mail/index.ts'
import type { Letter } from '#kernel/mail/index.ts'
import type { Ctx, Enqueue, JobRun } from '#kernel/module.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { sendLetter } from '#modules/identity/events.ts'
import { hashOf } from '#modules/identity/secrets.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import type { UserRow } from '#modules/identity/users.ts'
import * as store from './store.ts'
import { type LetterKind, letterText } from './texts.ts'

const TOKEN_BYTES = 32
const LIFE_MS = { reset: 3_600_000, verify: 24 * 3_600_000 } as const
const PAGES = { reset: 'reset', verify: 'verify' } as const

type Context = Ctx<Tables>
type LetterRow = NonNullable<Awaited<ReturnType<typeof store.letterById>>>

/** Stores a letter with the transaction it tells of. The job that sends it knows its id alone: no e-mail stands there. */
export async function writeLetter(
  ctx: Context,
  { tx, enqueue }: { tx: Db; enqueue: Enqueue },
  o: { kind: LetterKind; email: string; userId: string | null; who: Caller },
): Promise<void> {
  const id = ctx.newId()
  const asked = { address: o.who.address ?? null, user_agent: o.who.userAgent ?? null }
  await store.insertLetter(tx, { id, kind: o.kind, email: o.email, user_id: o.userId, ...asked })
  await enqueue(sendLetter, { letterId: id })
}

/**
 * Each try makes a link of its own: only its hash is kept, so the one before cannot be sent again. It keeps working,
 * because the server may have taken that letter before we heard of it.
 */
export async function send(ctx: Context, letterId: string, { signal }: JobRun): Promise<void> {
  const letter = await ctx.write((tx) => prepare(ctx, tx, letterId))
  if (!letter) return
  try {
    await ctx.mail.send(letter, { signal })
  } catch (thrown) {
    if (!(thrown instanceof MailError) || !thrown.isPermanent) throw thrown
    ctx.log.warn({ letterId }, `A letter is given up: ${thrown.message}`)
  }
  await store.dropLetter(ctx.db, letterId)
}

/** Undefined when there is nobody to write to (any more). */
async function prepare(ctx: Context, tx: Db, letterId: string): Promise<Letter | undefined> {
  const row = await store.letterById(tx, letterId)
  if (!row) return undefined
  // Who asks for a new password gives an e-mail only: here, after the answer, it is looked whose that is.
  const user = await store.holdUser(tx, row.user_id === null ? { email: row.email } : { id: row.user_id })
  if (!(await store.lockLetter(tx, letterId))) return undefined
  const isWanted = user && !user.is_blocked && !(row.kind === 'verify' && isProven(user, row.email))
  if (!isWanted) {
    await store.dropLetter(tx, letterId)
    return undefined
  }
  if (row.user_id === null) await noteAsked(tx, row, user)
  const link = row.kind === 'reset' || row.kind === 'verify' ? await makeLink(ctx, tx, row, row.kind, user) : undefined
  const about = { kind: row.kind, username: user.username, site: new URL(ctx.origin()).host }
  return { to: row.email, ...letterText(link === undefined ? about : { ...about, link }) }
}

const isProven = (user: UserRow, email: string) => user.email === email && user.email_verified_at !== null

/** Once for each letter, however often it is tried. */
async function noteAsked(tx: Db, row: LetterRow, user: UserRow): Promise<void> {
  await store.assignLetter(tx, row.id, user.id)
  const who = { ...nobody(row.id), ...present({ address: row.address, userAgent: row.user_agent }) }
  await audit(tx, who, { action: 'account.password-reset-asked', subjectId: user.id })
}

const present = (o: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(o).flatMap(([k, v]) => (v === null ? [] : [[k, v]])))

async function makeLink(
  ctx: Context,
  tx: Db,
  row: LetterRow,
  purpose: keyof typeof LIFE_MS,
  user: UserRow,
): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const created_at = ctx.now()
  const expires_at = new Date(created_at.getTime() + LIFE_MS[purpose])
  await store.insertLink(tx, {
    hash: hashOf(token),
    user_id: user.id,
    purpose,
    email: row.email,
    created_at,
    expires_at,
  })
  return `${frontEnd(ctx)}/${PAGES[purpose]}#token=${token}`
}

/** Where the web app is, from the configuration alone: a request could name any host. */
const frontEnd = (ctx: Context): string =>
  ctx.config.frontendUrl === undefined ? ctx.origin().replace(/\/$/, '') : new URL(ctx.config.frontendUrl).origin
