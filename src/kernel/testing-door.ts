import { randomBytes } from 'node:crypto'
import { ROLES, type Role, SCOPES, type Scope } from '#kernel/caller.ts'
import { contract, internal, op } from '#kernel/contract.ts'
import { ACCESS_AUDIENCE, ACCESS_ENDED, cookieNames } from '#kernel/identify.ts'
import { newId } from '#kernel/ids.ts'
import { type Ctx, defineModule, type NoNeeds } from '#kernel/module.ts'
import { Empty, Id, Nullable, OneOf, type Static, Strict, Time, Type } from '#kernel/schema.ts'

const Found = Type.Object({
  userId: Id,
  role: OneOf(ROLES),
  keyId: Type.Optional(Id),
  scopes: Type.Optional(Type.Array(OneOf(SCOPES))),
  expiresAt: Type.Optional(Time),
})
type Found = Static<typeof Found>

/** The smallest owner of accounts, for the kernel's own tests: whoever asks is let in. */
export const doorContract = contract('identity', 'Who is who, for tests', {
  enter: op({
    method: 'POST',
    path: '/enter',
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    summary: 'A token of a new person with this role',
    input: Strict({ role: OneOf(ROLES), lifeSec: Type.Optional(Type.Integer()) }),
    output: Type.Object({ token: Type.String(), userId: Id }),
  }),
  leave: op({
    method: 'POST',
    path: '/leave',
    auth: 'user',
    status: 204,
    summary: 'End this session or API key',
    input: Empty,
    output: Empty,
  }),
  makeKey: op({
    method: 'POST',
    path: '/keys',
    auth: 'user',
    credential: 'session',
    summary: 'An API key of the person, as another answers it: with the role of the person',
    input: Strict({ scopes: Type.Array(OneOf(SCOPES)), lifeMs: Type.Optional(Type.Integer()) }),
    output: Type.Object({ key: Type.String(), keyId: Id }),
  }),
  block: op({
    method: 'POST',
    path: '/block',
    auth: 'anyone',
    status: 204,
    summary: 'End all access of a person; silently: as if the notice to other processes were lost',
    input: Strict({ userId: Id, silently: Type.Optional(Type.Boolean()) }),
    output: Empty,
  }),
  authenticate: internal({
    summary: 'Whose credential it is',
    input: Strict({
      sessionId: Type.Optional(Id),
      apiKey: Type.Optional(Type.String()),
      bearer: Type.Optional(Type.String()),
    }),
    output: Nullable(Found),
  }),
})

type Known = { sessions: Map<string, Found>; keys: Map<string, Found> }

export const door = defineModule<unknown, { identity: typeof doorContract }, NoNeeds>({
  name: 'door',
  contracts: { identity: doorContract },
  needs: {},
  create(ctx) {
    const known: Known = { sessions: new Map(), keys: new Map() }
    return {
      api: { identity: { ...entrance(ctx, known), ...exit(ctx, known) } },
      answers: {
        identity: {
          enter: (output, request, reply) => {
            const { token } = output as { token: string }
            if (request.headers['x-cookie']) reply.setCookie(cookieNames(false).access, token, { path: '/' })
            return output
          },
        },
      },
    }
  },
})

type Who = { userId?: string; role?: Role; sessionId?: string; keyId?: string }

function entrance(ctx: Ctx<unknown>, { sessions, keys }: Known) {
  return {
    async enter(_who: Who, { role, lifeSec = 600 }: { role: Role; lifeSec?: number }) {
      const [sid, userId] = [newId(), newId()]
      sessions.set(sid, { userId, role })
      return { token: await ctx.keys.sign({ sid }, { audience: ACCESS_AUDIENCE, lifeSec }), userId }
    },
    async makeKey(who: Who, { scopes, lifeMs }: { scopes: Scope[]; lifeMs?: number }) {
      const [key, keyId] = [`tutti_${randomBytes(18).toString('base64url')}`, newId()]
      const { userId = '', role = 'user' } = who
      const ends = lifeMs === undefined ? {} : { expiresAt: new Date(Date.now() + lifeMs).toISOString() }
      keys.set(key, { userId, role, keyId, scopes, ...ends })
      return { key, keyId }
    },
    async authenticate(_who: Who, asked: { sessionId?: string; apiKey?: string; bearer?: string }) {
      if (asked.sessionId) return sessions.get(asked.sessionId) ?? null
      return keys.get(asked.apiKey ?? '') ?? null
    },
  }
}

function forget(map: Map<string, Found>, isGone: (f: Found) => boolean): void {
  for (const [id, found] of map) if (isGone(found)) map.delete(id)
}

function exit(ctx: Ctx<unknown>, { sessions, keys }: Known) {
  return {
    async leave({ userId = '', sessionId, keyId }: Who) {
      if (sessionId) sessions.delete(sessionId)
      if (keyId) forget(keys, (f) => f.keyId === keyId)
      await ctx.pubsub.publish(ACCESS_ENDED, {
        userId,
        ...(sessionId ? { sessionId } : {}),
        ...(keyId ? { keyId } : {}),
      })
      return {}
    },
    async block(_who: Who, { userId, silently }: { userId: string; silently?: boolean }) {
      for (const map of [sessions, keys]) forget(map, (f) => f.userId === userId)
      if (!silently) await ctx.pubsub.publish(ACCESS_ENDED, { userId })
      return {}
    },
  }
}
