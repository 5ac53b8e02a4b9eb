import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKept } from './kept.ts'

const of = (userId: string, sessionId?: string) => ({ holder: { userId, ...(sessionId ? { sessionId } : {}) } })

test('the credentials kept longest give way', () => {
  const kept = createKept<ReturnType<typeof of>>(2)
  kept.set('a', of('ann'))
  kept.set('b', of('bob'))
  kept.set('a', of('ann'))
  kept.set('c', of('cat'))
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => kept.get(id)?.holder.userId),
    ['ann', undefined, 'cat'],
  )
})

test('a notice forgets all that it is about, whoever was kept in between', () => {
  const kept = createKept<ReturnType<typeof of>>(10)
  kept.set('1', of('ann', 's1'))
  kept.set('2', of('bob', 's2'))
  kept.set('3', of('ann', 's3'))
  kept.forget({ userId: 'ann', sessionId: 's1' })
  const left = () => ['1', '2', '3'].filter((id) => kept.get(id))
  assert.deepEqual(left(), ['2', '3'])
  kept.forget({ userId: 'ann' })
  assert.deepEqual(left(), ['2'])
  kept.forget('missed')
  assert.deepEqual(left(), [])
  kept.set('1', of('ann', 's1'))
  kept.forget({ userId: 'ann' })
  assert.deepEqual(left(), [])
})
