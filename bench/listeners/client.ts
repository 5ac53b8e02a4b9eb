/** Listeners who take 320 kbit/s each: `client.ts URL TOKEN LISTENERS SECONDS` prints bytes, and how often one had none. */
import { connect, type Socket } from 'node:net'

const BYTES_PER_SEC = 40_000
const TAKE_EVERY_MS = 250
/** They come one after the other, as people do. */
const COME_EVERY_MS = 8
/** What a player has in hand before it begins. */
const AHEAD_MS = 2_000
const [url = '', token = '', listeners = '500', seconds = '20'] = process.argv.slice(2)
const { hostname, port, pathname } = new URL(url)
const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`
const endAtMs = performance.now() + Number(seconds) * 1000
/** All have come by then, and what the system holds for each is full. */
const settledAtMs = performance.now() + Number(seconds) * 400
const count = { bytes: 0, starvedAtFirst: 0, starved: 0 }

/** Reads what is due by now, and no more. */
function listen(socket: Socket, startedAtMs: number): void {
  let taken = 0
  const timer = setInterval(() => {
    const now = performance.now()
    const due = (Math.max(0, now - startedAtMs - AHEAD_MS) / 1000) * BYTES_PER_SEC
    while (taken < due) {
      const chunk = socket.read() as Buffer | null
      if (!chunk) {
        if (now < settledAtMs) count.starvedAtFirst++
        else count.starved++
        break
      }
      taken += chunk.length
    }
    if (now < endAtMs) return
    count.bytes += taken
    clearInterval(timer)
    socket.destroy()
  }, TAKE_EVERY_MS)
}

for (let i = 0; i < Number(listeners); i++) {
  const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(request))
  // Never flowing: what is not read stays with the system, and slows the server down.
  socket.on('readable', () => undefined)
  socket.on('error', (fault) => {
    throw fault
  })
  listen(socket, performance.now())
  await new Promise((resolve) => setTimeout(resolve, COME_EVERY_MS))
}
process.on('exit', () => console.log(JSON.stringify(count)))
