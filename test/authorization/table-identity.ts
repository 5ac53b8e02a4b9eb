import { newId } from '#kernel/ids.ts'
import { png } from '#test/fixtures/images.ts'
import { HIDDEN, OUT, role, type Row, self } from './rows.ts'
import type { World } from './world.ts'

const NEXT = 'another horse battery'
const forAll = (yes: number) => ({ nobody: yes, stranger: yes, owner: yes, artist: yes, admin: yes })

/** An account elsewhere that belongs to the owner. */
const linkOf = async (w: World) => {
  const id = newId()
  await w.sql(
    `insert into identity.identities (id, user_id, provider, issuer, subject, email_verified)
     values ($1::uuid, $2, 'spotify', 'https://accounts.spotify.com', $1::text, false)`,
    [id, w.account('owner').id],
  )
  return id
}

/** Accounts, sessions and keys. */
export const identity: Readonly<Record<string, Row>> = {
  setup: role,
  register: role,
  login: role,
  refresh: role,
  logout: { kind: 'self', ends: 'account' },
  sessions: self,
  endSession: {
    kind: 'thing',
    input: async (w) => {
      await w.session(w.account('owner'))
      const { items } = (await w.client('owner').get('/auth/sessions')).body
      return { id: (items as { id: string; isCurrent: boolean }[]).find((s) => !s.isCurrent)?.id }
    },
    answers: { nobody: OUT, stranger: HIDDEN, owner: 204, artist: HIDDEN, admin: HIDDEN },
  },
  endOtherSessions: { kind: 'self', ends: 'account' },
  me: self,
  adminUsers: role,
  adminUser: role,
  setUserBlocked: role,
  setUserRole: role,
  userSessions: role,
  endUserSessions: role,
  deleteUser: role,
  auditLog: role,
  createApiKey: self,
  apiKeys: self,
  revokeApiKey: {
    kind: 'thing',
    input: async (w) => ({ id: (await w.client('owner').post('/auth/api-keys', { name: 'a player' })).body.id }),
    answers: { nobody: OUT, stranger: HIDDEN, owner: 204, artist: HIDDEN, admin: HIDDEN },
  },
  forgotPassword: role,
  resetPassword: role,
  verifyEmail: role,
  resendVerification: self,
  changePassword: {
    kind: 'self',
    ends: 'account',
    input: ({ password }) => ({ currentPassword: password, newPassword: NEXT }),
  },
  changeEmail: {
    kind: 'self',
    ends: 'account',
    input: ({ password, username }) => ({ password, email: `${username}@example.net` }),
  },
}

const avatarOf = async (w: World) => {
  const { client, id } = w.account('owner')
  const put = await fetch(`${w.app.url}/api/v1/users/me/avatar`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'image/png' },
    body: new Uint8Array(png(64, 64)),
  })
  if (put.status !== 200) throw new Error(await put.text())
  await put.body?.cancel()
  return { id }
}
const blockedByOwner = async (w: World) => {
  const { id } = await w.fresh('stranger')
  await w.client('owner').put(`/blocks/${id}`)
  return id
}
const owners = (yes: number) => ({ nobody: OUT, stranger: HIDDEN, owner: yes, artist: HIDDEN, admin: HIDDEN })

/** Profiles, privacy and sign-in with others. */
export const people: Readonly<Record<string, Row>> = {
  getUser: { kind: 'thing', input: async (w) => ({ id: w.account('owner').id }), answers: forAll(200) },
  updateMe: { kind: 'self', ends: 'account' },
  putAvatar: self,
  deleteAvatar: self,
  getAvatar: { kind: 'thing', input: avatarOf, answers: forAll(200) },
  myStats: self,
  exportMe: self,
  eraseMe: { kind: 'self', ends: 'account', input: ({ password }) => ({ password }) },
  listBlocks: { kind: 'list', make: async (w) => ({ id: await blockedByOwner(w) }), seenBy: ['owner'] },
  getBlock: { kind: 'thing', input: async (w) => ({ userId: await blockedByOwner(w) }), answers: owners(200) },
  putBlock: {
    kind: 'thing',
    input: async (w) => ({ userId: (await w.fresh('stranger')).id }),
    answers: { nobody: OUT, stranger: 200, owner: 200, artist: 200, admin: 200 },
  },
  deleteBlock: {
    kind: 'thing',
    input: async (w) => ({ userId: await blockedByOwner(w) }),
    answers: { nobody: OUT, stranger: 204, owner: 204, artist: 204, admin: 204 },
  },
  signInProviders: role,
  oidcLogin: role,
  oidcCallback: role,
  spotifyLogin: role,
  spotifyCallback: role,
  exchange: role,
  links: { kind: 'list', make: async (w) => ({ id: await linkOf(w) }), seenBy: ['owner'] },
  beginLink: self,
  completeLink: self,
  unlink: { kind: 'thing', input: async (w) => ({ id: await linkOf(w) }), answers: owners(204) },
}
