/**
 * A client that costs little: reads answers into one buffer and only counts. `client.ts URL TOKEN CONNECTIONS SECONDS`
 * prints bytes, answers and seconds.
 */
import { connect, type Socket } from 'node:net'

const BUFFER_BYTES = 1024 * 1024
const [url = '', token = '', connections = '4', seconds = '3'] = process.argv.slice(2)
const { hostname, port, pathname } = new URL(url)
const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}\r\n`
const endAtMs = performance.now() + Number(seconds) * 1000
const count = { bytes: 0, answers: 0 }

/** Length of the body; throws when the answer is none that is measured here. */
function lengthOf(head: string): number {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 200') || length === undefined) throw new Error(head.slice(0, 300))
  return Number(length)
}

function listen(): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = ''
    let left = -1
    const take = (bytes: number, buffer: Uint8Array): boolean => {
      let at = 0
      if (left < 0) {
        head += Buffer.from(buffer.buffer, buffer.byteOffset, Math.min(bytes, 16_384)).toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return true
        left = lengthOf(head)
        at = end + 4
        head = ''
      }
      left -= bytes - at
      count.bytes += bytes - at
      if (left > 0) return true
      count.answers++
      left = -1
      if (performance.now() < endAtMs) socket.write(request)
      else socket.end()
      return true
    }
    const onread = { buffer: Buffer.alloc(BUFFER_BYTES), callback: take }
    const socket: Socket = connect({ host: hostname, port: Number(port), onread }, () => socket.write(request))
    socket.on('error', reject)
    socket.once('close', () => resolve())
  })
}

const startedAtMs = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, listen))
console.log(JSON.stringify({ ...count, seconds: (performance.now() - startedAtMs) / 1000 }))
