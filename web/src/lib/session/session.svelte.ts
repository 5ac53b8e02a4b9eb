import { ApiError, type Input, type User } from '#client/index.ts'
import { client, onSessionElsewhere, onSessionEnded } from '#lib/api.ts'
import { loadOthers } from '#lib/auth/providers.svelte.ts'
import { claimKept, forgetKept, keptUser } from '#lib/offline/owner.ts'
import { noAnswer } from '#lib/offline/reach.svelte.ts'
import { followAccount } from '#lib/settings/settings.svelte.ts'
import { canKeep, setOwner } from '#lib/storage.ts'

export type SessionState = 'starting' | 'first-account' | 'signed-out' | 'signed-in' | 'unreachable'

type Kept = {
  state: SessionState
  user: User | null
  needsSetupCode: boolean
  isNewServer: boolean
  wasEnded: boolean
}
const kept: Kept = $state({
  state: 'starting',
  user: null,
  needsSetupCode: false,
  isNewServer: false,
  wasEnded: false,
})

export const session = {
  get state() {
    return kept.state
  },
  get user() {
    return kept.user
  },
  get isAdmin() {
    return kept.user?.role === 'admin'
  },
  get needsSetupCode() {
    return kept.needsSetupCode
  },
  /** The first account was made just now: the music folder is the next thing to choose. */
  get isNewServer() {
    return kept.isNewServer
  },
  /** The session ended while the page was open, and not by this page. */
  get wasEnded() {
    return kept.wasEnded
  },
}

function signedOut(): void {
  kept.state = 'signed-out'
  kept.user = null
  void forgetKept()
}
function ended(): void {
  kept.wasEnded = kept.state === 'signed-in'
  signedOut()
}

/** Takes what the server says of the signed-in person. */
export function setUser(user: User): void {
  kept.user = user
  followAccount(user.preferences)
}
export function signedIn(user: User): void {
  setOwner(user.id)
  setUser(user)
  kept.wasEnded = false
  kept.state = 'signed-in'
  void claimKept(user)
}

/** Tabs share one session: what one does, all show. Call once. */
export function followOtherTabs(): void {
  onSessionEnded(ended)
  onSessionElsewhere((isIn) => {
    if (!isIn && kept.state === 'signed-in') signedOut()
    else if (isIn && kept.state === 'signed-out') void startSession()
  })
}

/** Finds out whether there is an account at all, and whether this browser is signed in. */
export async function startSession(): Promise<void> {
  kept.state = 'starting'
  // Who has no tokens is signed out; only where nothing can be kept, the cookie alone may know better.
  if (!client.session.tokens() && ((await askForSetup()) !== 'signed-out' || canKeep())) return
  kept.state = 'starting'
  try {
    const me = client.identity.me()
    const first = await Promise.race([me, late(ME_WAIT_MS)])
    if (first === 'late' && (await startWithout())) return void me.catch(() => undefined)
    signedIn(first === 'late' ? await me : first)
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 401) await askForSetup()
    else if (!(await startWithout())) kept.state = 'unreachable'
  }
}

/** Who has kept music here is not made to wait longer than this for a server that does not answer. */
const ME_WAIT_MS = 5000
const late = (ms: number): Promise<'late'> => new Promise((resolve) => setTimeout(() => resolve('late'), ms))

/** Begins as who kept things here, until the server answers; false when nobody did. */
async function startWithout(): Promise<boolean> {
  const user = await keptUser()
  if (!user) return false
  noAnswer()
  signedIn(user)
  return true
}

async function askForSetup(): Promise<SessionState> {
  try {
    const [{ needsFirstAccount, needsSetupCode }] = await Promise.all([client.identity.setup(), loadOthers()])
    kept.needsSetupCode = needsSetupCode
    kept.state = needsFirstAccount ? 'first-account' : 'signed-out'
    void forgetKept()
  } catch {
    kept.state = 'unreachable'
  }
  return kept.state
}

/** Asks who we are; false when nobody any more (the page then shows the sign-in). Throws when no answer comes. */
export async function checkSession(): Promise<boolean> {
  try {
    setUser(await client.identity.me())
    return true
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.status !== 401) throw thrown
    if (kept.state === 'signed-in') ended()
    return false
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  const { user } = await client.identity.login(
    name.includes('@') ? { email: name, password } : { username: name, password },
  )
  signedIn(user)
}

export async function register(account: Input<'identity', 'register'>): Promise<void> {
  const isFirst = kept.state === 'first-account'
  const { user } = await client.identity.register(account)
  kept.isNewServer = isFirst
  signedIn(user)
}

export const endOfSetUp = (): void => void (kept.isNewServer = false)

export async function signOut(): Promise<void> {
  try {
    await Promise.all([client.identity.logout(), loadOthers()])
  } finally {
    kept.wasEnded = false
    signedOut()
  }
}
