import { BlockList, isIP, isIPv6 } from 'node:net'

/** What `TRUST_PROXY` may name instead of an address. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.1/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}
/** Addresses of a list that are looked at: nobody has more proxies. */
const HOPS_MAX = 20

/** A peer's own address (IPv4 also as IPv6 writes it), and what it passed on in `X-Forwarded-For`. */
export type Peer = { readonly address: string; readonly forwardedFor: string | undefined }

/**
 * Who is behind a connection, as HTTP requests have it: the nearest address that is none of our proxies. For
 * connections that do not pass the HTTP server. What a proxy that is not ours says of others is not believed.
 */
export function addressBehind(trustProxy: readonly string[]): (peer: Peer) => string {
  const isOurs = proxiesOf(trustProxy)
  return ({ address, forwardedFor = '' }) => {
    const told = forwardedFor.split(',').map((text) => text.trim())
    const path = [...told.slice(-HOPS_MAX), address].filter((text) => text !== '').toReversed()
    return path.find((one) => !isOurs(one)) ?? path.at(-1) ?? ''
  }
}

function proxiesOf(trustProxy: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of trustProxy.flatMap((name) => NAMED[name] ?? [name])) {
    const [ip = '', bits] = network.split('/')
    const family = isIPv6(ip) ? 'ipv6' : 'ipv4'
    list.addSubnet(ip, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  return (address) => {
    const bare = address.replace(/^::ffff:(?=\d+\.)/i, '')
    return isIP(bare) !== 0 && list.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4')
  }
}
