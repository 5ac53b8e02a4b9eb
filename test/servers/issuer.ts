import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { listen, sendJson } from './http.ts'

type Pair = { kid: string; alg: string; publicJwk: JWK; privateKey: CryptoKey }
type Signed = { alg?: string; kid?: string; typ?: string; key?: CryptoKey; lifeSec?: number }

/** An issuer of bearer tokens such as Clerk: a discovery document, a key set, and session tokens for its apps. */
export type IssuerServer = {
  readonly issuer: string
  /** A token with these claims over the usual ones, signed with the newest key. */
  token(claims: Record<string, unknown>, o?: Signed): Promise<string>
  /** A new key; the former is published no more. */
  rotate(alg?: string): Promise<void>
  /** What the key set answers instead of keys. */
  failWith(status: number | undefined): void
  /** How often the keys were fetched. */
  readonly fetches: number
  stop(): Promise<void>
}

const LIFE_SEC = 60

async function makePair(alg: string, n: number): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const kid = `key-${n}`
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export async function startIssuer(): Promise<IssuerServer> {
  const server = await listen()
  let made = 1
  let pair = await makePair('RS256', made)
  let failing: number | undefined
  let fetches = 0
  const answers: Record<string, () => [number, unknown]> = {
    '/.well-known/openid-configuration': () => [200, { issuer: server.url, jwks_uri: `${server.url}/keys` }],
    '/keys': () => {
      fetches += 1
      return failing === undefined ? [200, { keys: [pair.publicJwk] }] : [failing, {}]
    },
  }
  server.handle((request, response) => sendJson(response, ...(answers[request.url ?? '']?.() ?? [404, {}])))
  return {
    issuer: server.url,
    get fetches() {
      return fetches
    },
    token(claims, o = {}) {
      const sec = Math.floor(Date.now() / 1000)
      const header = { alg: o.alg ?? pair.alg, kid: o.kid ?? pair.kid, typ: o.typ ?? 'JWT' }
      const usual = { iss: server.url, iat: sec, nbf: sec, exp: sec + (o.lifeSec ?? LIFE_SEC) }
      return new SignJWT({ ...usual, ...claims }).setProtectedHeader(header).sign(o.key ?? pair.privateKey)
    },
    async rotate(alg = 'RS256') {
      made += 1
      pair = await makePair(alg, made)
    },
    failWith(status) {
      failing = status
    },
    stop: () => server.stop(),
  }
}
