import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Caller, nobody, system } from '#kernel/caller.ts'
import type { AppError } from '#kernel/errors.ts'
import { authorize, can, type Policy, requireRole, signedIn } from './policy.ts'

type Note = { owner: string; isPublic: boolean }
const notes: Policy<Note, 'read' | 'edit'> = {
  thing: 'note',
  see: 'read',
  may: {
    read: (who, n) => n.isPublic || who.userId === n.owner,
    edit: (who, n) => who.userId === n.owner,
  },
}
const person = (userId: string, role: Caller['role'] & string = 'user'): Caller => ({
  kind: 'user',
  userId,
  role,
  requestId: 'r',
})
const refusal = (work: () => void): [number, string] | undefined => {
  try {
    work()
    return undefined
  } catch (thrown) {
    return [(thrown as AppError).status, (thrown as AppError).code]
  }
}

describe('policies', () => {
  const open: Note = { owner: 'ann', isPublic: true }
  const hidden: Note = { owner: 'ann', isPublic: false }
  const cases: [string, Caller, 'read' | 'edit', Note | undefined, [number, string] | undefined][] = [
    ['the owner edits', person('ann'), 'edit', hidden, undefined],
    ['others read what is public', person('bob'), 'read', open, undefined],
    ['others may not edit what they see', person('bob'), 'edit', open, [403, 'forbidden']],
    ['what others may not see does not exist for them', person('bob'), 'edit', hidden, [404, 'not_found']],
    ['nobody is asked to sign in', nobody('r'), 'read', hidden, [401, 'unauthorized']],
    ['what is not there is not found', person('ann'), 'read', undefined, [404, 'not_found']],
  ]
  for (const [name, who, action, note, expected] of cases)
    test(name, () =>
      assert.deepEqual(
        refusal(() => authorize(notes, who, action, note)),
        expected,
      ),
    )

  test('hidden and missing answer the same words', () => {
    const words = (note: Note | undefined) => {
      try {
        authorize(notes, person('bob'), 'read', note)
        return ''
      } catch (thrown) {
        return (thrown as Error).message
      }
    }
    assert.equal(words(hidden), words(undefined))
    assert.equal(can(notes, person('bob'), 'read', hidden), false)
  })

  test('roles: each may what the one before may, the program itself everything', () => {
    const roles = ['user', 'artist', 'admin'] as const
    for (const [i, role] of roles.entries())
      for (const [j, least] of roles.entries())
        assert.deepEqual(
          refusal(() => requireRole(person('x', role), least)),
          i >= j ? undefined : [403, 'role_required'],
        )
    assert.deepEqual(
      refusal(() => requireRole(nobody('r'), 'user')),
      [401, 'unauthorized'],
    )
    assert.equal(
      refusal(() => requireRole(system('r'), 'admin')),
      undefined,
    )
    assert.deepEqual(
      refusal(() => signedIn(system('r'))),
      [401, 'unauthorized'],
    )
  })
})
