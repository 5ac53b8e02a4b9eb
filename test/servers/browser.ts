/** What a browser shows after it has followed every redirect. */
export type Page = {
  readonly url: URL
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Every address that was asked for, in order; the last one is `url`. */
  readonly visited: readonly string[]
}
type Cookie = {
  name: string
  value: string
  path: string
  expiresAt: number
  httpOnly: boolean
  sameSite: string
  secure: boolean
}
type Sent = { method?: string; body?: string; headers?: Record<string, string> }

/**
 * A browser with a cookie jar, as far as sign-in needs one: cookies by host (not by port) and path, with their age, and
 * redirects with their methods. Each one made is another person's.
 */
export type Browser = {
  /** Opens an address as a page. `until` stops before an address that it is true for, which is then the page's. */
  open(address: string, o?: { until?: (url: URL) => boolean }): Promise<Page>
  /** Fills in the form of a page and sends it. */
  submit(page: Page, fields: Record<string, string>, o?: { until?: (url: URL) => boolean }): Promise<Page>
  /** What a script of the page does: no redirects, JSON in and out. */
  script(method: string, address: string, body?: unknown, headers?: Record<string, string>): Promise<ScriptAnswer>
  cookies(host: string): readonly Cookie[]
}
// oxlint-disable-next-line typescript/no-explicit-any
export type ScriptAnswer = { status: number; headers: Headers; body: Record<string, any> }

const REDIRECTS_MAX = 20

export function openBrowser(): Browser {
  const jar = new Map<string, Cookie>()
  const isSent = (c: Cookie, host: string, key: string, url: URL) =>
    key.startsWith(`${host} `) &&
    c.expiresAt > Date.now() &&
    (url.pathname === c.path || url.pathname.startsWith(c.path.replace(/\/?$/, '/')))
  const cookieHeader = (url: URL): string =>
    [...jar]
      .filter(([key, c]) => isSent(c, url.hostname, key, url) && (!c.secure || url.protocol === 'https:'))
      .map(([, c]) => `${c.name}=${c.value}`)
      .join('; ')

  async function ask(url: URL, sent: Sent): Promise<Response> {
    const cookie = cookieHeader(url)
    const answer = await fetch(url, {
      method: sent.method ?? 'GET',
      headers: { accept: 'text/html,application/xhtml+xml', ...sent.headers, ...(cookie ? { cookie } : {}) },
      ...(sent.body === undefined ? {} : { body: sent.body }),
      redirect: 'manual',
    })
    for (const line of answer.headers.getSetCookie()) keep(jar, url, line)
    return answer
  }

  async function follow(address: string, sent: Sent, until: (url: URL) => boolean = () => false): Promise<Page> {
    const visited: string[] = []
    let url = new URL(address)
    let next: Sent = sent
    for (let i = 0; i < REDIRECTS_MAX; i++) {
      visited.push(url.href)
      if (until(url)) return { url, status: 0, text: '', headers: new Headers(), visited }
      const answer = await ask(url, next)
      const to = answer.headers.get('location')
      const text = await answer.text()
      if (answer.status < 300 || answer.status > 399 || to === null)
        return { url, status: answer.status, text, headers: answer.headers, visited }
      url = new URL(to, url)
      next = {}
    }
    throw new Error(`too many redirects: ${visited.join(' -> ')}`)
  }

  return {
    open: (address, o = {}) => follow(address, {}, o.until),
    submit: (page, fields, o = {}) => {
      const { action, hidden } = formIn(page)
      const body = new URLSearchParams({ ...hidden, ...fields }).toString()
      return follow(
        action,
        { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        o.until,
      )
    },
    async script(method, address, body, headers = {}) {
      const url = new URL(address)
      const answer = await ask(url, {
        method,
        headers: {
          accept: 'application/json',
          origin: url.origin,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return {
        status: answer.status,
        headers: answer.headers,
        body: text === '' ? {} : (JSON.parse(text) as ScriptAnswer['body']),
      }
    },
    cookies: (host) => [...jar].filter(([key]) => key.startsWith(`${host} `)).map(([, c]) => c),
  }
}

function keep(jar: Map<string, Cookie>, url: URL, line: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  const said = new Map(attributes.map((a) => [a.split('=')[0]?.toLowerCase() ?? '', a.split('=').slice(1).join('=')]))
  const name = pair.slice(0, at)
  const path = said.get('path') ?? '/'
  const maxAge = said.get('max-age')
  const expires = said.get('expires')
  const expiresAt =
    maxAge !== undefined ? Date.now() + Number(maxAge) * 1000 : expires ? Date.parse(expires) : Number.POSITIVE_INFINITY
  jar.set(`${url.hostname} ${path} ${name}`, {
    name,
    value: pair.slice(at + 1),
    path,
    expiresAt,
    httpOnly: said.has('httponly'),
    sameSite: (said.get('samesite') ?? '').toLowerCase(),
    secure: said.has('secure'),
  })
}

const unescaped = (text: string) => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))

function formIn(page: Page): { action: string; hidden: Record<string, string> } {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1]
  if (action === undefined) throw new Error(`${page.url.href} (${page.status}) has no form: ${page.text.slice(0, 500)}`)
  const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
  return {
    action: new URL(unescaped(action), page.url).href,
    hidden: Object.fromEntries(hidden.map(([, name, value]) => [unescaped(name ?? ''), unescaped(value ?? '')])),
  }
}
