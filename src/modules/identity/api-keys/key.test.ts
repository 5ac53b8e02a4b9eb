import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hintOf, isKey, KEY_PATTERN, newKey } from './key.ts'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('the form of API keys', () => {
  test('is always the same, and no two are', () => {
    const keys = Array.from({ length: 2000 }, newKey)
    assert.equal(new Set(keys).size, keys.length)
    for (const key of keys) {
      assert.match(key, KEY_PATTERN)
      assert.ok(isKey(key), key)
    }
  })

  test('a single wrong character, or two that changed places, are noticed', () => {
    const key = newKey()
    const at = (i: number, text: string) => key.slice(0, i) + text + key.slice(i + text.length)
    for (let i = 0; i < key.length; i++) {
      for (const digit of DIGITS) if (digit !== key[i]) assert.ok(!isKey(at(i, digit)), at(i, digit))
      const [a = '', b = ''] = [key[i], key[i + 1]]
      if (b !== '' && a !== b) assert.ok(!isKey(at(i, b + a)), at(i, b + a))
    }
  })

  test('what is longer, shorter or something else is none', () => {
    const key = newKey()
    for (const text of [
      '',
      'tutti_',
      key.slice(1),
      key.slice(0, -1),
      `${key}0`,
      ` ${key}`,
      `${key}\n`,
      key.toUpperCase(),
    ])
      assert.ok(!isKey(text), JSON.stringify(text))
  })

  test('the hint leaves 45 characters unknown', () => {
    const key = newKey()
    assert.ok(key.startsWith(hintOf(key)))
    assert.equal(hintOf(key).length, 10)
  })
})
