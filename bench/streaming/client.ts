/** A client in a process of its own: `client.ts URL TOKEN CONNECTIONS TIMES [RANGE_BYTES SIZE]` prints bytes and seconds. */
import { Agent, get } from 'node:http'

const [url = '', token = '', connections = '4', times = '4', rangeBytes, size] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })

function once(headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}`, ...headers } }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      answer.on('end', () => resolve(bytes))
      answer.on('error', reject)
    }).on('error', reject)
  })
}
const rangeAt = (i: number): Record<string, string> => {
  if (!rangeBytes) return {}
  const length = Number(rangeBytes)
  const start = (i * 7_919_317) % (Number(size) - length)
  return { range: `bytes=${start}-${start + length - 1}` }
}

const startedAt = performance.now()
let next = 0
const each = async () => {
  let bytes = 0
  for (let i = next++; i < Number(times); i = next++) bytes += await once(rangeAt(i))
  return bytes
}
const counts = await Promise.all(Array.from({ length: Number(connections) }, each))
const total = counts.reduce((a, b) => a + b, 0)
console.log(JSON.stringify({ bytes: total, seconds: (performance.now() - startedAt) / 1000 }))
agent.destroy()
