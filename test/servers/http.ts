import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server of a test on a free port of this machine. The handler may be set later: its address is known first. */
export type TestServer = {
  readonly url: string
  handle(listener: RequestListener): void
  stop(): Promise<void>
}

const notYet: RequestListener = (_request, response) => response.writeHead(503).end()

export async function listen(): Promise<TestServer> {
  let listener = notYet
  const server = createServer((request, response) => listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handle(l) {
      listener = l
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const BODY_BYTES_MAX = 64 * 1024

/** The fields of a form that was sent. */
export async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > BODY_BYTES_MAX) throw new Error('a form of a test is too long')
  }
  return new URLSearchParams(text)
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  response.end(JSON.stringify(body))
}

export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(`<!doctype html>${html}`)
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)

/** A page on which a person says who they are and agrees, or does not. */
export const consentPage = (title: string, action: string, hidden: Record<string, string> = {}): string =>
  `<title>${escaped(title)}</title><form method="post" action="${escaped(action)}">` +
  Object.entries(hidden)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('') +
  '<input name="login"><button name="choice" value="agree">Agree</button><button name="choice" value="cancel">Cancel</button></form>'
