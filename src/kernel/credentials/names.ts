/** Audience of access tokens: what signs a person in. */
export const ACCESS_AUDIENCE = 'access'
/** How another process of this installation says who asks. */
export const INTERNAL_HEADER = 'x-tutti-internal'
export const API_KEY_HEADER = 'x-api-key'
/** Every API key begins so: by it one is told from a token. */
export const API_KEY_PREFIX = 'tutti_'

/** With TLS the names carry `__Host-`, which ties them to this host and path /. */
export const cookieNames = (secure: boolean) =>
  secure
    ? { access: '__Host-tutti-access', refresh: '__Host-tutti-refresh' }
    : { access: 'tutti-access', refresh: 'tutti-refresh' }

/** Channel on which the owner of sessions says that one session or API key, or all of a user, lost access: `{userId, sessionId?, keyId?}`. */
export const ACCESS_ENDED = 'kernel.access-ended'
export type AccessEnded = {
  userId: string
  sessionId?: string
  keyId?: string
  /** Access goes on with another role: credentials are asked for anew, answers under way may end by themselves. */
  why?: 'role'
}
