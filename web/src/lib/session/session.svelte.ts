import { ApiError, type Input, type User } from '#client/index.ts'
import { client, onSessionEnded } from '#lib/api.ts'
import { setOwner } from '#lib/storage.ts'

export type SessionState = 'starting' | 'first-account' | 'signed-out' | 'signed-in' | 'unreachable'

const kept: { state: SessionState; user: User | null; needsSetupCode: boolean; isNewServer: boolean } = $state({
  state: 'starting',
  user: null,
  needsSetupCode: false,
  isNewServer: false,
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
}

function signedOut(): void {
  kept.state = 'signed-out'
  kept.user = null
}
function signedIn(user: User): void {
  setOwner(user.id)
  kept.user = user
  kept.state = 'signed-in'
}

/** Finds out whether there is an account at all, and whether this browser is signed in. */
export async function startSession(): Promise<void> {
  onSessionEnded(signedOut)
  kept.state = 'starting'
  // A browser that was never signed in here asks first whether there is anything to sign in to.
  if (!client.session.tokens() && (await askForSetup()) !== 'signed-out') return
  try {
    signedIn(await client.identity.me())
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.status !== 401) kept.state = 'unreachable'
    else await askForSetup()
  }
}

async function askForSetup(): Promise<SessionState> {
  try {
    const { needsFirstAccount, needsSetupCode } = await client.identity.setup()
    kept.needsSetupCode = needsSetupCode
    kept.state = needsFirstAccount ? 'first-account' : 'signed-out'
  } catch {
    kept.state = 'unreachable'
  }
  return kept.state
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
    await client.identity.logout()
  } finally {
    signedOut()
  }
}
