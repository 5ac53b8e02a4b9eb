/**
 * A listener in a process of its own: `client.ts URL TOKEN [RANGE]` fetches once and prints what that took:
 * `{bytes, firstMs, ms, cpuSec}`.
 */
import { get } from 'node:http'

const [url = '', token = '', range] = process.argv.slice(2)
const headers = { authorization: `Bearer ${token}`, ...(range ? { range } : {}) }
const startedAt = performance.now()
get(url, { headers }, (answer) => {
  let bytes = 0
  let firstMs = 0
  answer.on('data', (chunk: Buffer) => {
    firstMs ||= performance.now() - startedAt
    bytes += chunk.length
  })
  answer.on('end', () => {
    const { user, system } = process.cpuUsage()
    const done = { status: answer.statusCode, bytes, firstMs, ms: performance.now() - startedAt }
    console.log(JSON.stringify({ ...done, cpuSec: (user + system) / 1e6 }))
  })
})
