import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PASSWORD_LENGTH_ADVISED, strengthOf } from './password.ts'

const steps = (password: string) => strengthOf(password).steps

void test('length is what makes a password strong', () => {
  assert.deepEqual(
    ['', 'a', 'quiet t', 'quiet tu', 'quiet tutti sor', 'quiet tutti sordi'].map(steps),
    [0, 1, 1, 2, 3, 3],
  )
  assert.ok('quiet tutti sor'.length === PASSWORD_LENGTH_ADVISED)
})

void test('what repeats itself is weak, however long, and a sign of two units counts once', () => {
  assert.equal(strengthOf('abababababababababab').steps, 1)
  assert.equal(strengthOf('\u{1F3B5}\u{1F3B6}\u{1F3B7}\u{1F3B8}').advice, '4 characters more.')
})
