/** A real S3 server for tests and benches: versitygw over a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, connect as dial, type Socket } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endNow, endWithUs } from './child.ts'

const START_MS_MAX = 10_000
const KEY = { accessKey: 'tutti-tests', secretKey: 'not-a-secret-but-long-enough' }

/** `VERSITYGW_BIN`, on the path, or where `go install` puts programs. */
const PROGRAM = [process.env['VERSITYGW_BIN'], onPath('versitygw'), join(homedir(), 'go/bin/versitygw')].find(
  (path) => path !== undefined && path !== '' && existsSync(path),
)
function onPath(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/** Options of a test that needs the server: skipped without it, unless everything must be there. */
export const needsS3 = {
  skip:
    !PROGRAM && process.env['TUTTI_TEST_FULL'] !== '1'
      ? 'versitygw, an S3 server, is not installed (`go install github.com/versity/versitygw/cmd/versitygw@latest`)'
      : false,
}

export type TestS3 = typeof KEY & {
  readonly endpoint: string
  readonly region: string
  /** A fresh, empty bucket. */
  makeBucket(): Promise<string>
  /** Files of a bucket on the server's disk, by key. */
  files(bucket: string): Promise<string[]>
  stop(): Promise<void>
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

export async function startS3(): Promise<TestS3> {
  if (!PROGRAM) throw new Error(String(needsS3.skip || 'versitygw is not installed'))
  const dir = await mkdtemp(join(tmpdir(), 'tutti-s3-'))
  const [root, iam] = [join(dir, 'buckets'), join(dir, 'iam')]
  await Promise.all([mkdir(root), mkdir(iam)])
  const port = await freePort()
  const args = ['--port', `127.0.0.1:${port}`, '--access', KEY.accessKey, '--secret', KEY.secretKey, '--quiet']
  const child = spawn(PROGRAM, [...args, '--iam-dir', iam, 'posix', root], { stdio: ['ignore', 'ignore', 'pipe'] })
  endWithUs(child, dir)
  const end = async () => {
    await endNow(child, 'SIGKILL')
    await rm(dir, { recursive: true, force: true })
  }
  await answers(child, port).catch(async (thrown: unknown) => {
    await end()
    throw thrown
  })
  let buckets = 0
  return {
    ...KEY,
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    async makeBucket() {
      const name = `bucket-${++buckets}`
      const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
      const credentials = { accessKeyId: KEY.accessKey, secretAccessKey: KEY.secretKey }
      const endpoint = `http://127.0.0.1:${port}`
      const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
      await client.send(new CreateBucketCommand({ Bucket: name }))
      client.destroy()
      return name
    },
    async files(bucket) {
      const found = await readdir(join(root, bucket), { recursive: true, withFileTypes: true })
      return found
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(root, bucket).length + 1))
        .toSorted()
    },
    stop: end,
  }
}

async function answers(child: ChildProcess, port: number): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000)
  })
  for (const until = Date.now() + START_MS_MAX; Date.now() < until; await sleep(20)) {
    if (child.exitCode !== null) break
    if (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)) return
  }
  throw new Error(`versitygw did not start: ${said}`)
}

/** A way to a server that a test may cut: connections then break off after `bytes` of answers, as often as said. */
export async function cuttable(endpoint: string) {
  const { hostname, port } = new URL(endpoint)
  const cut = { bytes: Number.POSITIVE_INFINITY, times: 0 }
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const far = dial({ host: hostname, port: Number(port) })
    for (const socket of [client, far]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => open.delete(socket))
    }
    let sent = 0
    far.on('data', (chunk: Buffer) => {
      sent += chunk.length
      if (sent > cut.bytes && cut.times > 0) {
        cut.times--
        client.destroy()
        far.destroy()
      } else client.write(chunk)
    })
    far.once('end', () => client.end())
    client.on('data', (chunk: Buffer) => far.write(chunk))
    client.once('close', () => far.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    cutAfter(bytes: number, times = 1) {
      cut.bytes = bytes
      cut.times = times
    },
    timesLeft: () => cut.times,
    async stop() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
