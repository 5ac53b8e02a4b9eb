import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Caller } from '#kernel/caller.ts'
import { createUnderWay } from './under-way.ts'

function answer(writableFinished = false) {
  const emitter = new EventEmitter()
  let cut = false
  const self = Object.assign(emitter, {
    writableFinished,
    destroy() {
      cut = true
      emitter.emit('close')
      return self
    },
    wasCut: () => cut,
  })
  return self as never as Parameters<ReturnType<typeof createUnderWay>['add']>[1] & { wasCut(): boolean } & EventEmitter
}
const by = (userId: string, more: Partial<Caller> = {}): Caller => ({
  kind: 'user',
  userId,
  role: 'user',
  requestId: 'r',
  ...more,
})

test('what ends cuts its own answers and no others', () => {
  const answers = {
    session: answer(),
    other: answer(),
    key: answer(),
    stranger: answer(),
    nobody: answer(),
  }
  const fill = () => {
    const underWay = createUnderWay()
    underWay.add(by('ann', { sessionId: 's1' }), answers.session)
    underWay.add(by('ann', { sessionId: 's2' }), answers.other)
    underWay.add(by('ann', { keyId: 'k1' }), answers.key)
    underWay.add(by('bob', { sessionId: 's3' }), answers.stranger)
    underWay.add({ kind: 'nobody', requestId: 'r' }, answers.nobody)
    return underWay
  }
  const underWay = fill()
  const cut = () => Object.entries(answers).flatMap(([name, a]) => (a.wasCut() ? [name] : []))
  underWay.cut({ userId: 'ann', why: 'role' })
  assert.deepEqual(cut(), [], 'another role is no end')
  underWay.cut({ userId: 'ann', sessionId: 's1' })
  assert.deepEqual(cut(), ['session'])
  underWay.cut({ userId: 'ann', keyId: 'k1' })
  assert.deepEqual(cut(), ['session', 'key'])
  underWay.cut({ userId: 'ann' })
  assert.deepEqual(cut(), ['session', 'other', 'key'])
})

test('what has been sent, or has ended, is left alone', () => {
  const underWay = createUnderWay()
  const [sent, gone] = [answer(true), answer()]
  underWay.add(by('ann'), sent)
  underWay.add(by('ann'), gone)
  gone.emit('close')
  underWay.cut({ userId: 'ann' })
  assert.deepEqual([sent.wasCut(), gone.wasCut()], [false, false])
})
