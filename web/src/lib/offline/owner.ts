import type { User } from '#client/index.ts'
import { dropCaches } from './bytes.ts'
import { slimUser } from './model.ts'
import { KEEPER_LOCK, RENEW_LOCK } from './names.ts'
import { clearRecords, readOwner, writeOwner } from './store.ts'
import { tellAll } from './told.ts'

/** Who fetches has this long to stop; then its lock is taken. */
const STOP_MS_MAX = 3000

/** Whether this browser can keep anything: not in pages without TLS, and not in every private window. */
export const canKeepOffline = (): boolean =>
  'serviceWorker' in navigator && 'caches' in globalThis && 'indexedDB' in globalThis && 'locks' in navigator

/** With a lock that others hold; not for ever. */
async function holding(lock: string, work: () => Promise<void>): Promise<void> {
  const late = AbortSignal.timeout(STOP_MS_MAX)
  let began = false
  const begin = () => {
    began = true
    return work()
  }
  await navigator.locks.request(lock, { signal: late }, begin).catch((thrown: unknown) => {
    if (began) throw thrown
    return navigator.locks.request(lock, { steal: true }, work)
  })
}
/** Alone, once nobody fetches any more: what a fetch still puts down would outlive the removal. */
const whenNobodyFetches = (work: () => Promise<void>): Promise<void> =>
  holding(KEEPER_LOCK, () => holding(RENEW_LOCK, work))

async function removeAll(exceptUserId?: string): Promise<void> {
  tellAll({ type: 'forget' })
  await whenNobodyFetches(async () => {
    await clearRecords()
    await dropCaches(exceptUserId)
  })
  tellAll({ type: 'changed' })
}

/** Removes all that is kept: the person has left, or is nobody any more. Never throws. */
export async function forgetKept(): Promise<void> {
  if (!canKeepOffline()) return
  try {
    if ((await readOwner()) || (await hasCaches())) await removeAll()
  } catch {
    // Storage that refuses to be read has nothing to give to anybody either.
  }
}
const hasCaches = async (): Promise<boolean> => (await caches.keys()).some((name) => name.startsWith('tutti-kept-'))

/** Somebody is here: what another person kept goes, and what this one keeps follows their account. Never throws. */
export async function claimKept(user: User): Promise<void> {
  if (!canKeepOffline()) return
  try {
    const owner = await readOwner()
    if (owner && owner.user.id !== user.id) await removeAll()
    else if (owner) await writeOwner({ ...owner, user: slimUser(user) })
    else await dropCaches()
  } catch {
    // As above.
  }
}

/** Who kept things here, to begin with when the server does not answer; null when nobody did. */
export async function keptUser(): Promise<User | null> {
  if (!canKeepOffline()) return null
  return (await readOwner().catch(() => undefined))?.user ?? null
}
