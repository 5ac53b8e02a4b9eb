import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { readConfig } from '#kernel/config/index.ts'
import { createLog } from '#kernel/log.ts'
import { createMetrics } from '#kernel/metrics.ts'
import { addDocs, addWebApp } from './pages.ts'
import { createServer } from './server.ts'

const HTML = { accept: 'text/html,*/*' }
type Got = { status: number | undefined; headers: IncomingHttpHeaders; text: string }

describe('pages', () => {
  let folder: string
  let dist: string
  let app: FastifyInstance
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-pages-'))
    dist = join(folder, 'dist')
    await writeFile(join(folder, 'secret.txt'), 'secret')
    const config = readConfig({ TUTTI_DATA: folder })
    const log = createLog({ level: 'silent', pretty: false })
    app = await createServer({ config, log, metrics: createMetrics() })
    app.get('/api/v1/things', async () => ({ items: [] }))
    await addDocs(app, () => ({ openapi: '3.1.0' }))
    await addWebApp(app, dist, log)
    await app.listen({ port: 0, host: '127.0.0.1' })
  })
  after(async () => {
    await app?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Asks for a path as it stands: `fetch` would tidy it. */
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> =>
    new Promise((resolve, reject) => {
      const { port } = app.server.address() as AddressInfo
      const sent = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }))
      })
      sent.on('error', reject).end()
    })
  const policyOf = async (path: string) => String((await get(path, HTML)).headers['content-security-policy'])
  /** What a build does: the folder is replaced whole. */
  async function build(hash: string): Promise<void> {
    await rm(dist, { recursive: true, force: true })
    await mkdir(join(dist, 'assets'), { recursive: true })
    await writeFile(join(dist, 'index.html'), `<script src="/assets/app-${hash}.js"></script>`)
    await writeFile(join(dist, 'assets', `app-${hash}.js`), `say('${hash}')`)
    await writeFile(join(dist, '.stamp'), hash)
    await writeFile(join(dist, 'favicon.svg'), '<svg/>')
    await writeFile(join(dist, 'service-worker.js'), `work('${hash}')`)
    await writeFile(join(dist, 'manifest.webmanifest'), '{}')
  }

  test('before the web app is built its page says so, and it is there once it is built', async () => {
    assert.match((await get('/songs', HTML)).text, /not built/)
    await build('one')
    assert.match((await get('/songs', HTML)).text, /app-one/)
    assert.equal((await get('/assets/app-one.js')).text, "say('one')")
  })

  test('a build under a running server is served at once', async () => {
    await build('two')
    for (const path of ['/', '/index.html', '/albums/123']) {
      const page = await get(path, HTML)
      assert.match(page.text, /app-two/, path)
      assert.equal(page.headers['cache-control'], 'no-cache', path)
    }
    const asset = await get('/assets/app-two.js')
    assert.deepEqual([asset.status, asset.text], [200, "say('two')"])
    assert.match(asset.headers['cache-control'] ?? '', /immutable/)
    assert.equal((await get('/assets/app-two.js', {}, 'HEAD')).status, 200)
    assert.equal((await get('/assets/app-one.js')).status, 404)
    const icon = await get('/favicon.svg')
    assert.deepEqual(
      [icon.text, icon.headers['content-type'], icon.headers['cache-control']],
      ['<svg/>', 'image/svg+xml', 'no-cache'],
    )
    assert.equal((await get('/favicon.ico')).status, 404)
    const page = await get('/')
    assert.equal((await get('/', { 'if-none-match': String(page.headers.etag) })).status, 304)
  })

  test('the service worker may rule over all pages and is never an old one', async () => {
    await build('worker')
    const worker = await get('/service-worker.js')
    assert.deepEqual([worker.text, worker.headers['cache-control']], ["work('worker')", 'no-cache'])
    assert.match(String(worker.headers['content-type']), /^(text|application)\/javascript/)
    const policy = await policyOf('/service-worker.js')
    for (const rule of ["worker-src 'self' blob:", "manifest-src 'self'", "connect-src 'self'"])
      assert.ok(policy.includes(rule), rule)
    const manifest = await get('/manifest.webmanifest')
    assert.match(String(manifest.headers['content-type']), /^application\/manifest\+json/)
  })

  test('no path leads out of the folder, to hidden files or to a list of files', async () => {
    await build('three')
    await symlink(join(folder, 'secret.txt'), join(dist, 'assets', '.link'))
    for (const path of [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/%2e%2e%2fsecret.txt',
      '/%252e%252e%252fsecret.txt',
      '/..%5csecret.txt',
      '//secret.txt',
      `/${join(folder, 'secret.txt')}`,
      '/assets/%00.js',
      '/.stamp',
      '/assets/.link',
      '/assets',
      '/assets/',
    ]) {
      const { status = 0, text } = await get(path)
      assert.ok(status === 404 || status === 400, `${path}: ${status}`)
      assert.doesNotMatch(text, /secret$|^three|app-three/, path)
    }
  })

  test('addresses of the server are never looked up among the files', async () => {
    await mkdir(join(dist, 'api/v1'), { recursive: true })
    await writeFile(join(dist, 'api/v1/other'), 'a file')
    assert.equal((await get('/api/v1/things')).text, '{"items":[]}')
    const { status, text } = await get('/api/v1/other', HTML)
    assert.equal(status, 404)
    assert.match(text, /no_such_route/)
  })

  test('only our own scripts and style sheets count; pages of the docs may carry styles', async () => {
    for (const path of ['/', '/songs', '/assets/app-three.js', '/api/v1/things'])
      assert.match(await policyOf(path), /(^|;)style-src 'self';/, path)
    for (const path of ['/docs', '/docs/errors'])
      assert.match(await policyOf(path), /(^|;)style-src 'self' 'unsafe-inline';/, path)
    for (const path of ['/', '/docs']) assert.match(await policyOf(path), /(^|;)script-src 'self';/, path)
  })
})
