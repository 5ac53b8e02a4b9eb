import { isIPv6 } from 'node:net'

const IPV6_GROUPS = 8
/** Of the longest address there is; what a proxy tells may be none. */
const ADDRESS_LENGTH_MAX = 45
const NETWORK_GROUPS = 4

/** As some proxies tell it: with the port, which is another for each connection. */
const WITH_PORT = /^(?:(?<v4>\d+\.\d+\.\d+\.\d+)|\[(?<v6>[^\]]*)\])(?::\d+)?$/

/** Who an address counts as: of IPv6 its network of 64 bits, because whoever has one address there has them all. */
export function countedAs(told: string): string {
  const address = told.replace(WITH_PORT, '$<v4>$<v6>')
  if (!isIPv6(address) || address.includes('.')) return address.slice(0, ADDRESS_LENGTH_MAX)
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const zeros = Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => '0')
  const groups = tail === undefined ? before : [...before, ...zeros, ...after]
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((g) => Number.parseInt(g, 16).toString(16))
    .join(':')
}
