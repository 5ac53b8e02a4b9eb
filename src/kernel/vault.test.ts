import assert from 'node:assert/strict'
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { AppError } from '#kernel/errors.ts'
import { createVault, resealRows, type SealedRow } from './vault.ts'

const only = (current: string) => createVault({ current, previous: [] })

/** As versions before the first vault sealed. */
function sealFormer(plain: string, key: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update(key).digest(), nonce)
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return `sealed:${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64')}`
}

describe('the vault', () => {
  test('opens what it sealed, at the place it was sealed for and nowhere else', () => {
    const vault = only('a')
    for (const plain of ['', 'words', 'ä€😀', 'x'.repeat(100_000)])
      assert.equal(vault.open(vault.seal(plain, 'row:1'), 'row:1'), plain)
    assert.equal(vault.open(vault.seal('words', 'row:1'), 'row:2'), undefined)
    assert.equal(vault.open(vault.seal('words', 'row:1'), ''), undefined)
    assert.notEqual(vault.seal('words', 'row:1'), vault.seal('words', 'row:1'))
  })

  test('opens nothing that was changed, cut or made up', () => {
    const vault = only('a')
    const sealed = vault.seal('words', 'p')
    const [head, text] = [sealed.slice(0, 19), sealed.slice(19)]
    const bytes = Buffer.from(text, 'base64')
    for (let at = 0; at < bytes.length; at++) {
      const bad = Buffer.from(bytes)
      bad[at] = (bad[at] as number) ^ 1
      assert.equal(vault.open(head + bad.toString('base64'), 'p'), undefined, `byte ${at}`)
    }
    for (let length = 0; length < bytes.length; length++)
      assert.equal(vault.open(head + bytes.subarray(0, length).toString('base64'), 'p'), undefined, `length ${length}`)
    for (const bad of ['', 'words', 'sealed:', 'sealed:v1:', head, `sealed:v2${sealed.slice(9)}`, `${sealed}\n`])
      assert.equal(vault.open(bad, 'p'), undefined, bad)
  })

  test('opens with former keys, seals with the first', () => {
    const old = only('a').seal('words', 'p')
    const vault = createVault({ current: 'b', previous: ['x', 'a'] })
    assert.deepEqual([vault.open(old, 'p'), vault.isCurrent(old)], ['words', false])
    assert.equal(only('b').open(old, 'p'), undefined)
    const anew = vault.seal('words', 'p')
    assert.deepEqual(
      [only('b').open(anew, 'p'), vault.isCurrent(anew), vault.isCurrent('words')],
      ['words', true, false],
    )
  })

  test('opens what was sealed before there was a place', () => {
    const vault = createVault({ current: 'b', previous: ['a'] })
    const former = sealFormer('words', 'a')
    assert.deepEqual([vault.open(former, 'any'), vault.isCurrent(former)], ['words', false])
    assert.equal(only('b').open(former, 'any'), undefined)
  })

  test('without a key it seals nothing, and says what to set', () => {
    const vault = createVault({ current: undefined, previous: ['a'] })
    assert.equal(vault.isOpen, false)
    assert.throws(
      () => vault.seal('words', 'p'),
      (e: AppError) => e.status === 503 && e.code === 'encrypt_key_missing' && /ENCRYPT_KEY/.test(e.message),
    )
    assert.equal(vault.open(only('a').seal('words', 'p'), 'p'), 'words')
  })
})

const rows = (): SealedRow[] => [
  { sealed: only('a').seal('old', '1'), about: '1' },
  { sealed: only('b').seal('now', '2'), about: '2' },
  { sealed: 'plain', about: '3' },
  { sealed: only('c').seal('lost', '4'), about: '4' },
]

describe('sealing anew', () => {
  test('takes plain rows and those of former keys, and leaves the rest', async () => {
    const vault = createVault({ current: 'b', previous: ['a'] })
    const stored: [string, string | undefined][] = []
    const done = await resealRows(vault, rows(), async (row, sealed) => {
      stored.push([row.about, only('b').open(sealed, row.about)])
    })
    assert.deepEqual(stored, [
      ['1', 'old'],
      ['3', 'plain'],
    ])
    assert.deepEqual(done, { resealed: 2, lost: 1 })
  })

  test('does nothing without a key', async () => {
    const shut = createVault({ current: undefined, previous: ['a'] })
    const done = await resealRows(shut, rows(), () => Promise.reject(new Error('stored')))
    assert.deepEqual(done, { resealed: 0, lost: 0 })
  })
})
