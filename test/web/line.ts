import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A request as it came by. */
export type Passed = { method: string; path: string; headers: IncomingMessage['headers'] }
export type Line = {
  /** What a browser opens instead of the server itself. */
  base: string
  passed: Passed[]
  /** Ends all connections and answers nobody, until `mend`. */
  cut(): void
  mend(): void
  /** Answers a path with a text of one's own, as another version of the server would; null: as the server does. */
  replace(path: string, text: string | null): void
  stop(): Promise<void>
}

/** A line to the server that can be cut in the middle of an answer, and that remembers what went by. */
export async function startLine(server: string): Promise<Line> {
  const { hostname, port } = new URL(server)
  const passed: Passed[] = []
  const open = new Set<Duplex>()
  const replaced = new Map<string, string>()
  let isCut = false
  const hold = (socket: Duplex) => {
    open.add(socket)
    socket.on('error', () => undefined).once('close', () => open.delete(socket))
  }
  function pass(from: IncomingMessage, to: ServerResponse): void {
    const path = from.url ?? '/'
    passed.push({ method: from.method ?? '', path, headers: from.headers })
    const instead = replaced.get(path)
    // What stands in its place is always sent whole.
    const { 'if-none-match': _tag, 'if-modified-since': _date, ...plain } = from.headers
    const headers = instead === undefined ? from.headers : plain
    const wanted = ask({ hostname, port, path, method: from.method, headers }, (answer) => {
      const { 'content-length': _length, ...unsized } = answer.headers
      if (instead === undefined) {
        to.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(to).on('error', () => undefined)
      } else {
        to.writeHead(200, unsized)
        answer.resume()
        to.end(instead)
      }
    })
    wanted.on('error', () => to.destroy())
    to.on('close', () => wanted.destroy())
    from.pipe(wanted)
  }
  const line = createServer(pass)
  line.on('connection', (socket: Socket) => (isCut ? socket.destroy() : hold(socket)))
  line.on('upgrade', (from, socket, head) => {
    const there = connect(Number(port), hostname, () => {
      const lines = [`${from.method} ${from.url} HTTP/1.1`]
      for (let i = 0; i < from.rawHeaders.length; i += 2) lines.push(`${from.rawHeaders[i]}: ${from.rawHeaders[i + 1]}`)
      there.write(`${lines.join('\r\n')}\r\n\r\n`)
      there.write(head)
      there.pipe(socket).pipe(there)
    })
    hold(there)
    socket.once('close', () => there.destroy())
  })
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve))
  const drop = () => open.forEach((socket) => socket.destroy())
  return {
    base: `http://127.0.0.1:${(line.address() as AddressInfo).port}`,
    passed,
    cut() {
      isCut = true
      drop()
    },
    mend() {
      isCut = false
    },
    replace: (path, text) => void (text === null ? replaced.delete(path) : replaced.set(path, text)),
    async stop() {
      drop()
      await new Promise((resolve) => line.close(resolve))
    },
  }
}
