/** A process of its own, so that asking costs the server nothing: asks on many connections at once and prints the times. */
import { Agent, request } from 'node:http'

export type Plan = {
  readonly url: string
  readonly seconds: number
  readonly connections: number
  /** Paths below the base, each with the token to ask it with ('' for nobody), in the order in which they are asked. */
  /** Ends earlier when all were asked once. */
  readonly isOnce?: boolean
  readonly asks: readonly (readonly [path: string, token: string])[]
}
export type Outcome = { perSec: number; p50Ms: number; p99Ms: number; meanBytes: number; refused: number }

type Answer = { status: number; bytes: number }
function ask(agent: Agent, at: URL, path: string, token: string): Promise<Answer> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: at.hostname, port: at.port, path: `/api/v1${path}`, headers }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function run({ url, seconds, connections, asks, isOnce = false }: Plan): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const at = new URL(url)
  const times: number[] = []
  let [next, bytes, refused] = [0, 0, 0]
  const askedMax = isOnce ? asks.length : Number.POSITIVE_INFINITY
  const endMs = performance.now() + seconds * 1000
  const one = async (): Promise<void> => {
    while (performance.now() < endMs && next < askedMax) {
      const [path, token] = asks[next++ % asks.length] as readonly [string, string]
      const startedMs = performance.now()
      const answer = await ask(agent, at, path, token)
      times.push(performance.now() - startedMs)
      bytes += answer.bytes
      if (answer.status !== 200) refused++
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  agent.destroy()
  const sorted = times.toSorted((a, b) => a - b)
  const at99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
  return {
    perSec: times.length / seconds,
    p50Ms: sorted[sorted.length >> 1] ?? Number.NaN,
    p99Ms: at99,
    meanBytes: bytes / times.length,
    refused,
  }
}

process.once('message', (plan: Plan) => {
  run(plan).then(
    (outcome) => process.send?.(outcome, undefined, undefined, () => process.disconnect?.()),
    (thrown: unknown) => {
      console.error(thrown)
      process.exit(1)
    },
  )
})
