import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { addressBehind } from './behind.ts'

/** What Fastify makes of the same: HTTP and sockets must agree on who somebody is. */
async function ofHttp(trustProxy: string[], address: string, forwardedFor: string | undefined): Promise<string> {
  const app = Fastify({ trustProxy: trustProxy.length > 0 ? trustProxy : false })
  app.get('/', (request) => request.ip)
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  const { body } = await app.inject({ url: '/', headers, remoteAddress: address })
  await app.close()
  return body
}

test('who is behind a proxy is who HTTP says', async () => {
  const cases: [string[], string, string | undefined, string][] = [
    [[], '192.0.2.1', undefined, '192.0.2.1'],
    [[], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
    [['loopback'], '127.0.0.1', undefined, '127.0.0.1'],
    [['loopback'], '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    [['loopback'], '::1', '2001:db8::1', '2001:db8::1'],
    [['loopback'], '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
    [['loopback'], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
    [['loopback'], '127.0.0.1', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    [['loopback', '10.0.0.0/8'], '127.0.0.1', '6.6.6.6, 198.51.100.1, 10.1.2.3', '198.51.100.1'],
    [['uniquelocal'], '10.0.0.1', '192.168.1.1,172.16.0.9', '192.168.1.1'],
    [['2001:db8::/32', '192.0.2.7'], '192.0.2.7', '198.51.100.1, 2001:db8::5', '198.51.100.1'],
    [['loopback'], '127.0.0.1', 'not an address', 'not an address'],
  ]
  for (const [trustProxy, address, forwardedFor, expected] of cases) {
    const what = JSON.stringify([trustProxy, address, forwardedFor])
    assert.equal(addressBehind(trustProxy)({ address, forwardedFor }), expected, what)
    assert.equal(await ofHttp(trustProxy, address, forwardedFor), expected, what)
  }
})

test('a list without end is not walked to its end', () => {
  const forwardedFor = `198.51.100.1, ${'127.0.0.1, '.repeat(1000)}127.0.0.1`
  assert.equal(addressBehind(['loopback'])({ address: '127.0.0.1', forwardedFor }), '127.0.0.1')
})
