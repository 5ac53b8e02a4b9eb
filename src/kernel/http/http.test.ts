import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Answer, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'

let t: TestApp
let token: string
before(async () => {
  t = await startTestApp({ modules: [door, notes] })
  token = (await t.nobody.post('/enter', { role: 'user' })).body.token
})
after(() => t.stop())

const asUser = () => clientFor(t.url, token, '')
const raw = (method: string, path: string, body: string | undefined, headers: Record<string, string> = {}) =>
  fetch(`${t.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { body }),
  })

/** Every error has this shape. */
function assertProblem(a: Answer, status: number, code: string): void {
  assert.deepEqual([a.status, a.body.code], [status, code], a.text)
  assert.match(a.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(a.body.status, status)
  assert.equal(a.body.type, `/docs/errors#${code}`)
  for (const field of ['title', 'detail', 'instance', 'requestId']) assert.equal(typeof a.body[field], 'string', field)
  assert.equal(a.body.requestId, a.headers.get('x-request-id'))
  assert.equal(a.headers.get('cache-control'), 'no-store')
  assert.ok(!a.text.includes('at file:') && !a.text.includes('node_modules'))
}

describe('input of a body', () => {
  const cases: [string, unknown, number, string?][] = [
    ['what the schema says', { text: 'a', lengthSec: 5, tags: ['x'] }, 201],
    ['an older spelling', { body: 'a', length: 10 }, 201],
    ['an unknown field', { text: 'a', colour: 'red' }, 400, '/colour'],
    ['a missing field', {}, 400, '/text'],
    ['a number as text is not coerced', { text: 'a', lengthSec: '10' }, 400, '/lengthSec'],
    ['text as number', { text: 1 }, 400, '/text'],
    ['below the least', { text: 'a', lengthSec: 4 }, 400, '/lengthSec'],
    ['too long', { text: 'a'.repeat(20_001) }, 400, '/text'],
    ['20 kB exactly', { text: 'a'.repeat(20_000) }, 201],
    ['a zero character', { text: 'a\u0000b' }, 400, '/text'],
    ['half a surrogate pair', { text: 'a\ud800b' }, 400, '/text'],
    ['a whole one', { text: 'a💥b' }, 201],
    ['one thing for a list', { text: 'a', tags: 'x' }, 400, '/tags'],
    ['too many', { text: 'a', tags: ['1', '2', '3', '4'] }, 400, '/tags'],
    ['an unknown choice', { text: 'a', kind: 'middle' }, 400, '/kind'],
    ['a list', [], 400, ''],
    ['null for a field', { text: null }, 400, '/text'],
    ['the path name of another thing', { text: 'a', id: 'x' }, 400, '/id'],
    ['an empty text', { text: '' }, 400, '/text'],
  ]
  for (const [name, body, status, path] of cases)
    test(name, async () => {
      const a = await asUser().post('/notes', body)
      if (status === 201) return assert.equal(a.status, 201, a.text)
      assertProblem(a, 400, 'invalid_input')
      assert.ok(
        (a.body.errors as { path: string }[]).some((e) => e.path === path),
        a.text,
      )
    })

  test('both spellings at once: the present one counts', async () => {
    const a = await asUser().post('/notes', { text: 'new', body: 'old', length_sec: 30 })
    assert.deepEqual([a.body.text, a.body.lengthSec], ['new', 30])
  })

  test('faults are all named, at most twenty', async () => {
    const body = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x${i}`, 1]))
    assert.equal((await asUser().post('/notes', body)).body.errors.length, 20)
  })

  test('keys of the prototype are refused and change nothing', async () => {
    for (const text of [
      '{"text":"a","__proto__":{"isAdmin":true}}',
      '{"text":"a","constructor":{"prototype":{"x":1}}}',
      '{"__proto__":{"text":"a"}}',
    ]) {
      const answer = await raw('POST', '/api/v1/notes', text, { 'content-type': 'application/json' })
      assert.equal(answer.status, 400, text)
    }
    assert.equal(({} as Record<string, unknown>).isAdmin, undefined)
  })

  test('odd content types never get past the schema', async () => {
    const bad = JSON.stringify({ text: 'a', evil: true })
    const types = [
      'application/json ; charset=utf-8',
      'application/json;charset=utf-8',
      'Application/JSON',
      'application/json\t; a=b',
      ' application/json',
      'application/json; foo="bar;baz"',
    ]
    for (const type of types) {
      const answer = await raw('POST', '/api/v1/notes', bad, { 'content-type': type })
      assert.ok([400, 415].includes(answer.status), `${type}: ${answer.status}`)
    }
    for (const type of [
      'text/plain',
      'text/plain; application/json',
      'application/jsonx',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/vnd.api+json',
      'x',
      '',
    ]) {
      const answer = await raw('POST', '/api/v1/notes', '{"text":"a"}', { 'content-type': type })
      assert.equal(answer.status, 415, type)
      assert.equal(((await answer.json()) as { code: string }).code, 'unsupported_media_type')
    }
  })

  test('what is not JSON, or too large, is said', async () => {
    const json = { 'content-type': 'application/json' }
    for (const [body, status, code] of [
      ['{"text":', 400, 'invalid_json'],
      ['text', 400, 'invalid_json'],
      [`{"text":"${'a'.repeat(1024 * 1024)}"}`, 413, 'body_too_large'],
    ] as const) {
      const answer = await raw('POST', '/api/v1/notes', body, json)
      assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [status, code])
    }
  })
})

describe('input of a query and a path', () => {
  const cases: [string, number, string?][] = [
    ['?limit=1', 200],
    ['?limit=500', 200],
    ['?limit=0', 400, '/limit'],
    ['?limit=501', 400, '/limit'],
    ['?limit=abc', 400, '/limit'],
    ['?limit=1.5', 400, '/limit'],
    ['?limit=', 200],
    ['?isPinned=true', 200],
    ['?isPinned=yes', 400, '/isPinned'],
    ['?tag=a', 200],
    ['?tag=a&tag=b', 200],
    ['?tag=a&tag=b&tag=c&tag=d', 400, '/tag'],
    ['?limit=1&limit=2', 400, '/limit'],
    ['?utm_source=x&_=123', 200],
    ['?__proto__=x&constructor=y', 200],
    ['?cursor=%00', 400, '/cursor'],
    [`?cursor=${'a'.repeat(501)}`, 400, '/cursor'],
    ['?limit=%FF', 400, '/limit'],
  ]
  for (const [query, status, path] of cases)
    test(`/notes${query.slice(0, 40)}`, async () => {
      const a = await t.nobody.get(`/notes${query}`)
      if (status === 200) return assert.equal(a.status, 200, a.text)
      assertProblem(a, 400, 'invalid_input')
      assert.ok(
        (a.body.errors as { path: string }[]).some((e) => e.path.startsWith(path ?? '')),
        a.text,
      )
    })

  test('a default is filled in', async () => {
    for (let i = 0; i < 25; i++) await asUser().post('/notes', { text: `n${i}` })
    assert.equal((await t.nobody.get('/notes')).body.items.length, 20)
  })

  test('the path names the thing, whatever the query says', async () => {
    const { id } = (await asUser().post('/notes', { text: 'mine' })).body
    const other = '0190f5d0-0000-7000-8000-000000000000'
    assert.equal((await t.nobody.get(`/notes/${id}?id=${other}`)).body.text, 'mine')
    assert.equal((await asUser().patch(`/notes/${id}/pin`, { id: other, isPinned: true })).status, 400)
    assertProblem(await t.nobody.get('/notes/not-an-id'), 400, 'invalid_input')
    assertProblem(await t.nobody.get(`/notes/${other}`), 404, 'not_found')
    assertProblem(await asUser().patch(`/notes/${'a'.repeat(600)}/pin`), 414, 'address_too_long')
  })
})

describe('toggles', () => {
  test('take an explicit value, and flip without a body, however "no body" is spelled', async () => {
    const { id } = (await asUser().post('/notes', { text: 'x' })).body
    const pin = async (body: string | undefined, headers: Record<string, string> = {}) =>
      ((await (await raw('PATCH', `/api/v1/notes/${id}/pin`, body, headers)).json()) as { isPinned: boolean }).isPinned
    const json = { 'content-type': 'application/json' }
    assert.equal(await pin('{"isPinned":true}', json), true)
    assert.equal(await pin('{"isPinned":true}', json), true)
    assert.equal(await pin(undefined), false)
    assert.equal(await pin(undefined, json), true)
    assert.equal(await pin('', json), false)
    assert.equal(await pin('{}', json), true)
    assert.equal(await pin('null', json), false)
    assert.equal((await asUser().patch(`/notes/${id}/pin`, { isPinned: 'true' })).status, 400)
  })
})

describe('routes', () => {
  test('answer under both bases, by their aliases, with and without a slash at the end', async () => {
    const { id } = (await asUser().post('/notes', { text: 'x' })).body
    for (const path of [`/api/v1/notes/${id}`, `/api/notes/${id}`, `/api/v1/n/${id}`, `/api/n/${id}/`])
      assert.equal((await t.nobody.get(`/${path}`)).body.text, 'x', path)
  })

  test('HEAD answers like GET without the body', async () => {
    const { id } = (await asUser().post('/notes', { text: 'x' })).body
    const json = await t.nobody.send('HEAD', `/notes/${id}`)
    assert.deepEqual([json.status, json.text], [200, ''])
    const file = await t.nobody.send('HEAD', `/notes/${id}/file`)
    assert.deepEqual([file.status, file.headers.get('content-length'), file.text], [200, '1000', ''])
  })

  test('204 has no body', async () => {
    const { id } = (await asUser().post('/notes', { text: 'x' })).body
    const gone = await raw('DELETE', `/api/v1/notes/${id}`, undefined, { 'content-type': 'application/json' })
    assert.deepEqual([gone.status, await gone.text()], [204, ''])
    assert.equal((await asUser().delete(`/notes/${id}`)).status, 404)
  })

  test('what does not exist is a problem', async () => {
    assertProblem(await t.nobody.get('/nothing'), 404, 'no_such_route')
    const wrong = await t.nobody.send('PUT', '/notes', {})
    assertProblem(wrong, 405, 'method_not_allowed')
    assert.equal(wrong.headers.get('allow'), 'GET, HEAD, POST')
    assertProblem(await t.nobody.get('//%', {}), 400, 'bad_url')
    assertProblem(await t.nobody.get('//api/v1/notes/%zz'), 400, 'bad_url')
  })

  test('who may call at all is asked before the body is read', async () => {
    const by = async (role: string) => clientFor(t.url, (await t.nobody.post('/enter', { role })).body.token, '')
    assertProblem(await t.nobody.post('/notes', { wrong: 1 }), 401, 'unauthorized')
    assert.equal((await t.nobody.post('/notes', {})).headers.get('www-authenticate'), 'Bearer')
    assertProblem(await (await by('user')).post('/artist/stamp', {}), 403, 'role_required')
    assert.equal((await (await by('artist')).post('/artist/stamp', {})).status, 200)
    assertProblem(await (await by('artist')).get('/admin/notes'), 403, 'role_required')
    assert.equal((await (await by('admin')).get('/admin/notes')).status, 200)
    const huge = await fetch(`${t.url}/api/v1/notes`, {
      method: 'POST',
      body: 'x'.repeat(3e6),
      headers: { 'content-type': 'application/json' },
    }).catch(() => undefined)
    assert.ok(huge === undefined || huge.status === 401)
  })

  test('a fault of ours tells nothing of the inside; a known one is passed on', async () => {
    assertProblem(await t.nobody.post('/notes/fail', { how: 'bug' }), 500, 'internal')
    const known = await t.nobody.post('/notes/fail', { how: 'known' })
    assertProblem(known, 503, 'sleeping')
    assert.equal(known.headers.get('retry-after'), '7')
    assert.equal((await t.nobody.post('/notes/fail', { how: 'shape' })).status, 500)
  })

  test('what is not HTTP gets a problem too', async () => {
    const answer = await speak('GET / HTTP/9.9\r\nnonsense\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"bad_http"/s)
    const long = await speak(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`)
    assert.match(long, /^HTTP\/1\.1 431 .*"code":"headers_too_large"/s)
  })
})

function speak(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(t.url).port), '127.0.0.1', () => socket.write(bytes))
    let got = ''
    socket.on('data', (d) => {
      got += d
    })
    socket.on('close', () => resolve(got))
    socket.on('error', reject)
  })
}

const make = (key: string, text = 'once', more: object = {}) =>
  asUser().send('POST', '/notes', { text, ...more }, { 'idempotency-key': key })
const countOf = async (text: string) =>
  (await t.nobody.get('/notes?limit=500')).body.items.filter((n: { text: string }) => n.text === text).length

describe('Idempotency-Key', () => {
  test('a repeated request gets the first answer and does nothing', async () => {
    const [a, b] = [await make('k1'), await make('k1')]
    assert.deepEqual([a.status, b.status], [201, 201])
    assert.deepEqual(b.body, a.body)
    assert.deepEqual([a.headers.get('idempotency-replayed'), b.headers.get('idempotency-replayed')], [null, 'true'])
    assert.equal(await countOf('once'), 1)
  })

  test('the same key with another input is a fault', async () => {
    await make('k2')
    assertProblem(await make('k2', 'twice'), 422, 'idempotency_mismatch')
  })

  test('two at the same time: one works, the other is told', async () => {
    const both = await Promise.all([make('k3', 'slow', { waitMs: 400 }), make('k3', 'slow', { waitMs: 400 })])
    assert.deepEqual(both.map((b) => b.status).sort(), [201, 409])
    assert.equal(await countOf('slow'), 1)
    assert.equal((await make('k3', 'slow', { waitMs: 400 })).status, 201)
  })

  test('a first try that failed frees the key', async () => {
    assertProblem(await make('k4', 'impossible'), 422, 'impossible')
    assert.equal((await make('k4', 'possible')).status, 201)
  })

  test('a try whose process died is taken over after two minutes, not before', async () => {
    const { pool } = t.app.ports.db
    assert.equal((await make('k5', 'crash')).status, 201)
    const crashed = (age: string) =>
      pool.query(
        `update kernel.idempotency set status = null, body = null, created_at = now() - interval '${age}' where key = 'k5'`,
      )
    await crashed('1 minute')
    assertProblem(await make('k5', 'crash'), 409, 'in_progress')
    await crashed('3 minutes')
    assert.equal((await make('k5', 'crash')).status, 201)
    assert.equal(await countOf('crash'), 2)
  })

  test('keys are of one person', async () => {
    const other = clientFor(t.url, (await t.nobody.post('/enter', { role: 'user' })).body.token, '')
    await make('k6', 'mine')
    assert.equal(
      (await other.send('POST', '/notes', { text: 'theirs' }, { 'idempotency-key': 'k6' })).body.text,
      'theirs',
    )
  })

  test('a key that is empty or too long is refused', async () => {
    assertProblem(await make('k'.repeat(256)), 400, 'bad_idempotency_key')
    assertProblem(await make(''), 400, 'bad_idempotency_key')
    assert.equal((await make('k'.repeat(255), 'long key')).status, 201)
  })
})
