/** A real nginx before a server of a test, by the configuration that Tutti gives to people. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endNow, endWithUs } from './child.ts'
import { freePort } from './s3.ts'

const START_MS_MAX = 5_000
const CONFIG = new URL('../../ops/nginx/tutti.conf', import.meta.url)
const PROGRAM = ['nginx', '/usr/sbin/nginx'].find((name) => {
  try {
    execFileSync(name, ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

/** Options of a test that needs nginx: skipped without it, unless everything must be there. */
export const needsNginx = {
  skip: !PROGRAM && process.env['TUTTI_TEST_FULL'] !== '1' ? 'nginx is not installed' : false,
}

export type Nginx = { readonly url: string; readonly pid: number; stop(): Promise<void> }
export type Front = { readonly port: number; readonly blobs: string; readonly music: string }

function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`ops/nginx/tutti.conf has not exactly one "${from}"`)
  return text.replace(from, () => to)
}

/** The file as it is shipped, but for the places that it tells people to change. */
async function shipped(front: Front, port: number): Promise<string> {
  const changes: [string, string][] = [
    ['server 127.0.0.1:3000;', `server 127.0.0.1:${front.port};`],
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['server_name music.example.org;', 'server_name _;'],
    ['alias /var/lib/tutti/blobs/;', `alias ${front.blobs}/;`],
    ['alias /srv/music/;', `alias ${front.music}/;`],
  ]
  return changes.reduce((text, [from, to]) => replaceOnce(text, from, to), await readFile(CONFIG, 'utf8'))
}

const house = (dir: string, inner: string): string => `
  ${process.getuid?.() === 0 ? 'user root;' : ''}
  worker_processes 1;
  daemon off;
  master_process on;
  pid ${dir}/pid;
  error_log ${dir}/error.log warn;
  events { worker_connections 2048; }
  http {
    access_log off;
    client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/f;
    uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    ${inner}
  }
`

async function start(inner: (port: number) => Promise<string>, wrap: readonly string[]): Promise<Nginx> {
  if (!PROGRAM) throw new Error('nginx is not installed')
  const dir = await mkdtemp(join(tmpdir(), 'tutti-nginx-'))
  const port = await freePort()
  await writeFile(join(dir, 'nginx.conf'), house(dir, await inner(port)))
  const own = [PROGRAM, '-p', dir, '-c', join(dir, 'nginx.conf')]
  const [command, ...args] = [...wrap, ...own] as [string, ...string[]]
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  endWithUs(child, dir)
  const stop = async () => {
    await endNow(child, 'SIGTERM')
    await rm(dir, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  await answers(child, url).catch(async (thrown: unknown) => {
    await stop()
    throw thrown
  })
  return { url, pid: child.pid ?? 0, stop }
}

/** nginx by `ops/nginx/tutti.conf`; `wrap` is a command that starts it (`taskset -c 0`). */
export const startNginx = (front: Front, wrap: readonly string[] = []): Promise<Nginx> =>
  start((port) => shipped(front, port), wrap)

/** nginx that sends the files of a folder, and nothing else: what others are measured by. */
export const startPlainNginx = (folder: string, wrap: readonly string[] = []): Promise<Nginx> =>
  start(
    async (port) =>
      `sendfile on; tcp_nopush on; keepalive_requests 1000000; server { listen 127.0.0.1:${port}; root ${folder}; }`,
    wrap,
  )

async function answers(child: ChildProcess, url: string): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000)
  })
  for (const until = Date.now() + START_MS_MAX; Date.now() < until; await sleep(20)) {
    if (child.exitCode !== null) break
    if (await fetch(url, { redirect: 'manual' }).catch(() => undefined)) return
  }
  throw new Error(`nginx did not start: ${said}`)
}
