/** Checks of a request's credential a second on one core, beside plain verification of a token for every request. */
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { jwtVerify, SignJWT } from 'jose'
import type { Scope } from '#kernel/caller.ts'
import { admit } from '#kernel/http/gate.ts'
import { ACCESS_AUDIENCE } from '#kernel/identify.ts'
import { startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

const CHECKS_PER_SEC_MIN = 20_000
const WARM_CHECKS = Number(process.argv[2] ?? 200_000)
const COLD_CHECKS = 3000
/** Of what is verified anew each time. */
const PLAIN_CHECKS = 5000
/** Under way at the same time, as in a server that has something to do. */
const AT_ONCE = 50
const OPERATION = { auth: 'user', method: 'GET' } as const

type Headers = Record<string, string>
const requestWith = (headers: Headers, cookies: Record<string, string> = {}) =>
  ({ headers, cookies, id: 'bench', ip: '127.0.0.1', method: 'GET', protocol: 'http' }) as unknown as FastifyRequest

/** Runs `count` checks; answers how many a second of CPU time of this process, all its threads together, suffices for. */
async function perCore(count: number, check: (i: number) => unknown): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, k) => check(i + k)))
  const { user, system } = process.cpuUsage(before)
  return count / ((user + system) / 1e6)
}

/** A first run makes the code warm, the second counts. */
async function measured(count: number, check: (i: number) => unknown): Promise<number> {
  await perCore(Math.min(count, 5000), check)
  return perCore(count, check)
}

const t = await startTestApp({ modules: [identity] })
const ann = await t.as('user')
const { identify, ports } = t.app
const check = async (request: FastifyRequest) => admit(await identify.request(request), OPERATION)

const scopes: Scope[] = ['read']
const made = await ann.post('/auth/api-keys', { name: 'bench', scopes })
const apiKey = String(made.body.key)
const { payload } = await jwtVerify(ann.token, await publishedKey())
/** Tokens differ by a claim that nobody reads. */
const newToken = (i = 0) =>
  ports.keys.sign({ sub: ann.userId, sid: payload.sid, i }, { audience: ACCESS_AUDIENCE, lifeSec: 900 })
async function publishedKey() {
  const { keys } = await ports.keys.jwks()
  return createPublicKey({ key: keys[0] as never, format: 'jwk' })
}

const byToken = requestWith({ authorization: `Bearer ${ann.token}` })
const byCookie = requestWith({}, { 'tutti-access': ann.token })
const byKey = requestWith({ 'x-api-key': apiKey })
const warmToken = await measured(WARM_CHECKS, () => check(byToken))
const warmCookie = await measured(WARM_CHECKS, () => check(byCookie))
const warmKey = await measured(WARM_CHECKS, () => check(byKey))

const fresh = await Promise.all(Array.from({ length: COLD_CHECKS }, (_, i) => newToken(i)))
const requests = fresh.map((token) => requestWith({ authorization: `Bearer ${token}` }))
const cold = await perCore(COLD_CHECKS, (i) => check(requests[i] as FastifyRequest))

const own = await publishedKey()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const claims = { iss: 'tutti', aud: ACCESS_AUDIENCE, sub: ann.userId, sid: payload.sid }
const rsToken = await new SignJWT(claims)
  .setProtectedHeader({ alg: 'RS256' })
  .setExpirationTime('1h')
  .sign(rsa.privateKey)
const edToken = await newToken()
const options = { issuer: 'tutti', audience: ACCESS_AUDIENCE }
const joseEd = await measured(PLAIN_CHECKS, () => jwtVerify(edToken, own, options))
const joseRs = await measured(PLAIN_CHECKS, () => jwtVerify(rsToken, rsa.publicKey, options))
const nodeEd = await measured(PLAIN_CHECKS, () => verifyByHand(edToken, own, null))
const nodeRs = await measured(PLAIN_CHECKS, () => verifyByHand(rsToken, rsa.publicKey, 'sha256'))

/** The least that a fast library does: signature and expiry. */
function verifyByHand(token: string, key: KeyObject, digest: string | null): void {
  const at = token.lastIndexOf('.')
  const signed = Buffer.from(token.slice(0, at))
  if (!verify(digest, signed, key, Buffer.from(token.slice(at + 1), 'base64url'))) throw new Error('signature')
  const body = JSON.parse(Buffer.from(token.slice(token.indexOf('.') + 1, at), 'base64url').toString()) as {
    exp: number
  }
  if (body.exp * 1000 <= Date.now()) throw new Error('expired')
}

/** Whether the very next check after a sign-out is refused, though the one before it was let in from memory. */
async function isRevokedAtOnce(): Promise<boolean> {
  await check(byToken)
  await ann.post('/auth/logout')
  return check(byToken).then(
    () => false,
    () => true,
  )
}
const isAtOnce = await isRevokedAtOnce()
await t.stop()

const line = (what: string, rate: number, note = '') =>
  console.log(`${what.padEnd(44)} ${Math.round(rate).toLocaleString('en').padStart(10)} /s per core ${note}`)
console.log('the whole check of a request: who asks, whether the session or key lives, role, scope')
line('  access token, met before', warmToken, `(mark: ≥ ${CHECKS_PER_SEC_MIN.toLocaleString('en')})`)
line('  the same by cookie', warmCookie)
line('  API key, met before', warmKey)
line('  access token, each one new', cold, '(signature verified, PostgreSQL asked)')
console.log('only the token, for every request')
line('  jose jwtVerify, EdDSA', joseEd)
line('  jose jwtVerify, RS256', joseRs)
line('  node:crypto verify by hand, EdDSA', nodeEd)
line('  node:crypto verify by hand, RS256', nodeRs)
console.log(`after signing out the next check is ${isAtOnce ? 'refused' : 'LET IN'}`)
process.exitCode = Math.min(warmToken, warmCookie, warmKey) >= CHECKS_PER_SEC_MIN && isAtOnce ? 0 : 1
