import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import type { Answer } from '#kernel/contract.ts'
import { cookieNames, isSecure } from '#kernel/identify.ts'
import type { Session } from '#modules/identity/things.ts'

/** The web app asks for cookies with this header; it cannot be sent across origins without our consent (CORS). */
const wantsCookies = (request: FastifyRequest): boolean => request.headers['x-tutti-session'] === 'cookie'

type Cookie = { name: string; value: string; maxAgeSec: number; secure: boolean }
const set = (reply: FastifyReply, c: Cookie) =>
  reply.setCookie(c.name, c.value, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: c.secure,
    maxAge: c.maxAgeSec,
  })

/** Tokens into httpOnly cookies, out of the reach of scripts; the body then carries none. */
export function cookieAnswers(config: Config): { give: Answer; take: Answer } {
  return {
    give(output, request, reply) {
      const session = output as Session
      if (!wantsCookies(request)) return session
      const secure = isSecure(request, config)
      const names = cookieNames(secure)
      set(reply, { name: names.access, value: session.accessToken, maxAgeSec: session.expiresIn, secure })
      set(reply, { name: names.refresh, value: session.refreshToken, maxAgeSec: config.refreshTokenTtlSec, secure })
      return { ...session, accessToken: '', refreshToken: '' }
    },
    take(output, _request, reply) {
      for (const secure of [true, false]) {
        const names = cookieNames(secure)
        for (const name of [names.access, names.refresh])
          reply.clearCookie(name, { path: '/', httpOnly: true, sameSite: 'lax', secure })
      }
      return output
    },
  }
}
