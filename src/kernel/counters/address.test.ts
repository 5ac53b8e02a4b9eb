import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countedAs } from './address.ts'

test('an address of IPv6 counts as its network of 64 bits', () => {
  for (const [address, as] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['192.0.2.1:50123', '192.0.2.1'],
    ['[2001:db8:1:2::9]:50123', '2001:db8:1:2'],
    ['[2001:db8:1:2::9]', '2001:db8:1:2'],
    ['unix', 'unix'],
    ['x'.repeat(999), 'x'.repeat(45)],
  ] as const)
    assert.equal(countedAs(address), as, address)
})
