import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '#kernel/errors.ts'
import { Id, Nullable, OneOf, Page, pageQuery, Strict, Text, Type } from '#kernel/schema.ts'
import { assertShape, compile, invalidInput, withoutIds } from './validate.ts'

const Inner = Type.Object({ id: Type.String() }, { $id: 'Inner' })

describe('schemas', () => {
  test('the same named schema may be compiled many times', () => {
    const schema = Type.Object({ a: Inner, b: Type.Array(Inner) })
    for (let i = 0; i < 3; i++) assert.ok(compile(schema, 'json')({ a: { id: 'x' }, b: [] }))
    assert.equal(JSON.stringify(withoutIds(schema)).includes('$id'), false)
    assert.ok(JSON.stringify(schema).includes('"$id":"Inner"'), 'the original keeps its name')
  })

  test('a field named $id is no name of a schema', () => {
    const schema = Type.Object({ $id: Type.String() })
    assert.ok('$id' in (withoutIds(schema).properties as object))
  })

  test('text: numbers and flags are read; JSON: nothing is', () => {
    const schema = Strict({ ...pageQuery })
    const query: Record<string, unknown> = { limit: '5', count: 'true' }
    assert.ok(compile(schema, 'text')(query))
    assert.deepEqual(query, { limit: 5, count: true })
    assert.equal(compile(schema, 'json')({ limit: '5' }), false)
  })

  test('an id is what the database reads as one', () => {
    const id = '01990000-0000-7000-8000-00000000000a'
    for (const kind of ['json', 'text'] as const) {
      const check = compile(Strict({ id: Id }), kind)
      const good = [id, id.toUpperCase(), `urn:uuid:${id}`, `{${id}}`, id.replaceAll('-', '')].map((x) =>
        check({ id: x }),
      )
      assert.deepEqual(good, [true, true, false, false, false])
    }
  })

  test('null is allowed where it is said, for plain values and others', () => {
    for (const schema of [Nullable(Type.String()), Nullable(Inner), Nullable(OneOf(['a', 'b']))]) {
      const check = compile(schema, 'json')
      assert.ok(check(null))
      assert.equal(check(7), false)
    }
    assert.ok(compile(Nullable(OneOf(['a', 'b'])), 'json')('b'))
    assert.equal(compile(Nullable(OneOf(['a', 'b'])), 'json')('c'), false)
  })

  test('a page has items and the way on', () => {
    const check = compile(Page(Inner), 'json')
    assert.ok(check({ items: [{ id: 'x' }], nextCursor: null }))
    assert.ok(check({ items: [], nextCursor: 'abc', total: 0 }))
    assert.equal(check({ items: [] }), false)
  })
})

const faultsOf = (schema: Parameters<typeof compile>[0], value: unknown) => {
  const check = compile(schema, 'json')
  assert.equal(check(value), false)
  return invalidInput(check.errors)
}

describe('faults', () => {
  test('say where and what, in words', () => {
    const schema = Strict({ name: Text(5), list: Type.Optional(Type.Array(Strict({ n: Type.Integer() }))) })
    const e = faultsOf(schema, { list: [{ n: 1 }, { n: 'x' }], extra: true })
    assert.ok(e instanceof AppError)
    assert.deepEqual([e.status, e.code], [400, 'invalid_input'])
    assert.deepEqual(
      [...(e.errors ?? [])].sort((a, b) => a.path.localeCompare(b.path)),
      [
        { path: '/extra', message: 'is not a known field' },
        { path: '/list/1/n', message: 'must be integer' },
        { path: '/name', message: 'is needed' },
      ],
    )
    assert.match(e.message, /^(name is needed|extra is not a known field|list\.1\.n must be integer)\.$/)
  })

  test('of a whole that is no object', () =>
    assert.equal(faultsOf(Strict({}), 'x').message, 'The input must be object.'))

  test('what we made ourselves must fit: a fault of ours otherwise', () => {
    const schema = Type.Object({ n: Type.Integer() })
    assertShape(schema, { n: 1 }, 'event x')
    assert.throws(() => assertShape(schema, { n: 'a' }, 'event x'), /^Error: event x: \/n must be integer$/)
  })
})
