import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { unprocessable } from '#kernel/errors.ts'
import { type Keys, openKeys } from '#kernel/keys.ts'
import { encodeEnvelope } from '#kernel/pubsub/envelope.ts'
import { LINK_CHANNEL } from '#kernel/pubsub/index.ts'
import { createRemotePubSub, type TransportHooks } from '#kernel/pubsub/remote.ts'
import { type KernelDatabase, kernelDatabase, silent } from '#kernel/testing-database.ts'
import { createVault } from '#kernel/vault.ts'
import { type Check, createCheck, type Found, type Question } from './check.ts'
import { ACCESS_AUDIENCE, ACCESS_ENDED, type AccessEnded } from './names.ts'
import { createNotices, type Notices } from './notices.ts'

const ANN = 'ann'
const ISSUER = 'https://issuer.example'
const TOKEN_LIFE_SEC = 60

let db: KernelDatabase
let keys: Keys
before(async () => {
  db = await kernelDatabase()
  const vault = createVault({ current: undefined, previous: [] })
  keys = await openKeys({ pool: db.pool, vault, keyLifeSec: 3600, tokenLifeSecMax: 3600 })
})
after(() => db.close())

/** Real keys and pubsub; who answers, the line between processes and what time it is, in the hands of the test. */
async function world() {
  let line: TransportHooks | undefined
  const pubsub = await createRemotePubSub((hooks) => {
    line = hooks
    queueMicrotask(() => hooks.link('up'))
    return { send: async () => undefined, check: async () => ({ ok: true }), close: async () => undefined }
  }, silent)
  let lost = 0
  const state = {
    late: 0,
    asked: [] as Question[],
    verified: 0,
    answer: (async () => ({ userId: ANN, role: 'user' })) as (q: Question) => Promise<Found | null>,
    end: (ended: AccessEnded) => void pubsub.publish(ACCESS_ENDED, ended),
    link: (to: 'up' | 'down') => line?.link(to),
    lose: () => line?.text(encodeEnvelope('another', ++lost, LINK_CHANNEL, '"lost"')),
  }
  const heard = createNotices(pubsub)
  const checker = createCheck({
    keys: {
      ...keys,
      prove(token, audience) {
        state.verified += 1
        return keys.prove(token, audience)
      },
    },
    notices: heard,
    authenticate(question) {
      state.asked.push(question)
      return state.answer(question)
    },
    bearerIssuer: ISSUER,
    now: () => Date.now() + state.late,
  })
  return { state, checker, heard }
}

let w: Awaited<ReturnType<typeof world>>['state']
let check: Check
let notices: Notices
let tokens: Map<string, string>
beforeEach(async () => {
  const made = await world()
  w = made.state
  check = made.checker
  notices = made.heard
  tokens = new Map()
})

/** Shows the token of a session, the same each time. */
async function token(sid = 's1') {
  const text = tokens.get(sid) ?? (await keys.sign({ sid }, { audience: ACCESS_AUDIENCE, lifeSec: TOKEN_LIFE_SEC }))
  tokens.set(sid, text)
  return check.credential({ kind: 'token', text })
}
const show = (text: string) => check.credential({ kind: 'token', text })
const key = (text = 'tutti_1') => check.credential({ kind: 'apiKey', text })
const refused = (status: number, code: string) => ({ status, code })
const fromIssuer = (iss: unknown) => `x.${Buffer.from(JSON.stringify({ iss })).toString('base64url')}.x`
const turn = () => new Promise((resolve) => setImmediate(resolve))
/** Answers that the test gives when it wants. */
function held() {
  const waiting: ((found: Found | null) => void)[] = []
  w.answer = () => new Promise((resolve) => waiting.push(resolve))
  return waiting
}
async function holderOf(found: Found, kind: 'key' | 'token' | 'issuer') {
  w.answer = async () => found
  const asking = { key: () => key(), token: () => token(), issuer: () => show(fromIssuer(ISSUER)) }
  return (await asking[kind]()).holder
}

describe('an answer that is kept', () => {
  test('was asked for after the last notice, however close the notice comes behind it', async () => {
    const STEPS_MAX = 24
    const stale = []
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const text = `tutti_close${steps}`
      const answers = held()
      const asking = key(text).catch(() => undefined)
      while (answers.length === 0) await turn()
      const holder = { userId: ANN, role: 'user', keyId: 'k1' } as const
      answers[0]?.(holder)
      for (let step = 0; step < steps; step++) await Promise.resolve()
      w.end({ userId: ANN, keyId: 'k1' })
      await turn()
      for (const answer of answers) answer(null)
      await asking
      w.answer = async () => null
      const left = await key(text).catch(() => undefined)
      if (left) stale.push(steps)
    }
    assert.deepEqual(stale, [])
  })

  test('is used for ten seconds, then asked for again without verifying again', async () => {
    assert.equal((await token()).holder.sessionId, 's1')
    w.late = 9000
    await token()
    assert.deepEqual([w.asked.length, w.verified], [1, 1])
    w.late = 10_000
    await token()
    assert.deepEqual([w.asked.length, w.verified], [2, 1])
  })

  test('never outlives the token: at its end the signature is looked at again', async () => {
    await token()
    w.late = (TOKEN_LIFE_SEC - 2) * 1000
    await token()
    assert.equal(w.verified, 1)
    w.late = TOKEN_LIFE_SEC * 1000
    await token()
    assert.equal(w.verified, 2)
  })

  test('never outlives what it says of the credential itself', async () => {
    const expiresAt = new Date(Date.now() + 5000).toISOString()
    w.answer = async () => ({ userId: ANN, role: 'user', keyId: 'k', scopes: ['read'], expiresAt })
    await key()
    w.late = 2000
    await key()
    assert.equal(w.asked.length, 1)
    w.late = 5000
    await assert.rejects(key(), refused(401, 'api_key_invalid'))
  })

  test('is forgotten at once by a notice about its session, key or person, and by no other', async () => {
    const about: [AccessEnded, boolean][] = [
      [{ userId: ANN }, true],
      [{ userId: ANN, sessionId: 's1' }, true],
      [{ userId: ANN, sessionId: 's2' }, false],
      [{ userId: ANN, keyId: 'k' }, false],
      [{ userId: 'bob' }, false],
      [{ userId: 'bob', sessionId: 's1' }, false],
    ]
    for (const [notice, isForgotten] of about) {
      await token()
      const before = w.asked.length
      w.end(notice)
      await token()
      assert.equal(w.asked.length - before, isForgotten ? 1 : 0, JSON.stringify(notice))
    }
    w.answer = async () => ({ userId: ANN, role: 'user', keyId: 'k', scopes: ['read'] })
    await key()
    w.end({ userId: ANN, keyId: 'k' })
    w.answer = async () => null
    await assert.rejects(key(), refused(401, 'api_key_invalid'))
  })

  test('is not used while notices are known to be missed, nor one from before', async () => {
    await token()
    w.link('down')
    await token()
    await token()
    assert.equal(w.asked.length, 3)
    w.link('up')
    await token()
    await token()
    assert.equal(w.asked.length, 4)
    w.lose()
    await token()
    assert.equal(w.asked.length, 5)
  })

  test('a refusal is not kept', async () => {
    w.answer = async () => null
    await assert.rejects(token(), refused(401, 'session_ended'))
    w.answer = async () => ({ userId: ANN, role: 'user' })
    await token()
  })
})

describe('an answer that is under way', () => {
  test('lets nobody in when a notice about it came meanwhile: it is asked again', async () => {
    const waiting = held()
    const asking = key()
    await turn()
    w.end({ userId: ANN, keyId: 'k' })
    waiting[0]?.({ userId: ANN, role: 'user', keyId: 'k' })
    await turn()
    assert.equal(waiting.length, 2)
    waiting[1]?.(null)
    await assert.rejects(asking, refused(401, 'api_key_invalid'))
  })

  test('serves all who ask at the same time, but none who ask after a notice', async () => {
    const waiting = held()
    const early = [key(), key()]
    await turn()
    assert.equal(waiting.length, 1)
    w.end({ userId: ANN })
    const late = key()
    await turn()
    waiting[0]?.({ userId: ANN, role: 'user', keyId: 'k' })
    await turn()
    assert.equal(waiting.length, 2)
    waiting[1]?.(null)
    for (const asking of [...early, late]) await assert.rejects(asking, refused(401, 'api_key_invalid'))
  })

  test('is not asked for without end', async () => {
    w.answer = async () => {
      w.end({ userId: ANN })
      return { userId: ANN, role: 'user' }
    }
    await assert.rejects(token(), refused(503, 'check_unavailable'))
    assert.equal(w.asked.length, 4)
  })

  test('that fails says that nobody can tell, and is no refusal; a refusal with its own words keeps them', async () => {
    w.answer = async () => Promise.reject(new Error('the database is away'))
    await assert.rejects(token(), refused(503, 'check_unavailable'))
    w.answer = async () => Promise.reject(unprocessable('own_words', 'x'))
    await assert.rejects(token(), refused(422, 'own_words'))
  })

  test('a notice after it is known to whoever holds the connection', async () => {
    const checked = await token()
    assert.equal(notices.concern(checked.mark, checked.holder), false)
    w.end({ userId: 'bob' })
    assert.equal(notices.concern(checked.mark, checked.holder), false)
    w.end({ userId: ANN })
    assert.equal(notices.concern(checked.mark, checked.holder), true)
  })

  test('more notices than are remembered count as one about it', async () => {
    const checked = await token()
    for (let i = 0; i <= 1000; i++) w.end({ userId: 'bob' })
    assert.equal(notices.concern(checked.mark, checked.holder), true)
  })
})

describe('what is asked', () => {
  test('an API key by itself, a token of ours by its session, one of the issuer as it is', async () => {
    await key('tutti_x')
    await token('s9')
    for (const iss of [ISSUER, `${ISSUER}/`]) await show(fromIssuer(iss))
    assert.deepEqual(w.asked, [
      { apiKey: 'tutti_x' },
      { sessionId: 's9' },
      { bearer: fromIssuer(ISSUER) },
      { bearer: fromIssuer(`${ISSUER}/`) },
    ])
    assert.equal(w.verified, 1)
  })

  test('other issuers, and a cookie of any, are verified as ours', async () => {
    for (const iss of ['tutti', `${ISSUER}.evil`, 7, null, [ISSUER]])
      await assert.rejects(show(fromIssuer(iss)), refused(401, 'token_invalid'))
    await assert.rejects(check.credential({ kind: 'cookie', text: fromIssuer(ISSUER) }), refused(401, 'token_invalid'))
    assert.deepEqual([w.asked.length, w.verified], [0, 6])
  })

  test('texts longer than any credential are refused without asking', async () => {
    await assert.rejects(key('tutti_'.padEnd(201, 'x')), refused(401, 'api_key_invalid'))
    await assert.rejects(show('x'.repeat(8193)), refused(401, 'token_invalid'))
    assert.deepEqual([w.asked.length, w.verified], [0, 0])
  })
})

describe('whatever the answer says', () => {
  test('a key without the scope admin is an artist at most', async () => {
    const by = { userId: ANN, role: 'admin', keyId: 'k' } as const
    assert.equal((await holderOf({ ...by, scopes: ['read', 'write'] }, 'key')).role, 'artist')
  })
  test('with it, it is what its owner is', async () => {
    assert.equal((await holderOf({ userId: ANN, role: 'admin', keyId: 'k', scopes: ['admin'] }, 'key')).role, 'admin')
  })
  test('a key without scopes may do nothing', async () => {
    const { scopes, role } = await holderOf({ userId: ANN, role: 'admin', keyId: 'k' }, 'key')
    assert.deepEqual([scopes, role], [[], 'artist'])
  })
  test('only a token of ours proves a session, and it proves its own', async () => {
    const found = { userId: ANN, role: 'user', sessionId: 'other' } as const
    assert.equal((await holderOf(found, 'issuer')).sessionId, undefined)
    assert.equal((await holderOf({ ...found, keyId: 'k' }, 'key')).sessionId, undefined)
    assert.equal((await holderOf(found, 'token')).sessionId, 's1')
  })
})

describe('a connection that is asked for again', () => {
  test('is good while the answer is, for the same role', async () => {
    const checked = await token()
    assert.equal(await check.again(checked), Number.POSITIVE_INFINITY)
    w.answer = async () => ({ userId: ANN, role: 'artist' })
    assert.equal(await check.again(checked), null)
    w.answer = async () => null
    assert.equal(await check.again(checked), null)
    const expiresAt = new Date(Date.now() + 5000).toISOString()
    w.answer = async () => ({ userId: ANN, role: 'user', expiresAt })
    assert.equal(await check.again(checked), Date.parse(expiresAt))
    w.late = 5000
    assert.equal(await check.again(checked), null)
  })
})

test('a token of a key that was taken away is refused, however often it was good before', async () => {
  await token()
  await db.pool.query('delete from kernel.signing_keys')
  await keys.rotate()
  await assert.rejects(token(), refused(401, 'token_invalid'))
})
