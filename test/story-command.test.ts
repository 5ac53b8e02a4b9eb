import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { sharedTestPostgres, type TestDatabase } from '#kernel/db/embedded/testing.ts'
import { connectDirect } from '#kernel/db/index.ts'
import { startChild } from '#kernel/testing-child.ts'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')
const dir = mkdtempSync(join(tmpdir(), 'tutti-command-'))
let database: TestDatabase
before(async () => {
  database = await (await sharedTestPostgres()).createDatabase()
})
after(async () => {
  rmSync(dir, { recursive: true, force: true })
  await database.drop()
})

const start = (args: readonly string[], env: Record<string, string | undefined> = {}) =>
  startChild(MAIN, args, {
    env: {
      DATABASE_URL: database.url,
      TUTTI_DATA: dir,
      TUTTI_MUSIC: '',
      REDIS_URL: undefined,
      LOG_LEVEL: 'warn',
      ...env,
    },
  })
async function ended(args: readonly string[], env: Record<string, string | undefined> = {}) {
  const child = start(args, env)
  return { code: await child.gone, out: child.stdout(), err: child.stderr() }
}
const running = async (args: readonly string[] = [], env: Record<string, string | undefined> = {}) => {
  const child = start(['--port=0', ...args], env)
  const [url = ''] = /http:\S+$/.exec(await child.line(/^Tutti is ready at /)) ?? []
  return { child, url }
}

describe('words on the command line', () => {
  test('--help, --version and --modules answer on standard output and end well', async () => {
    const [help, version, modules] = await Promise.all([ended(['--help']), ended(['-v']), ended(['--modules'])])
    assert.deepEqual([help.code, version.code, modules.code], [0, 0, 0])
    assert.match(help.out, /--music DIR/)
    assert.match(version.out, /^\d+\.\d+\.\d+$/)
    for (const name of [
      'identity',
      'catalog',
      'streaming',
      'analysis',
      'all',
      'user',
      'song',
      'album',
      'worker',
      'migrate',
    ])
      assert.match(modules.out, new RegExp(`^  ${name} `, 'm'))
    assert.deepEqual([help.err, version.err, modules.err], ['', '', ''])
  })

  const wrong: [string, string[], Record<string, string | undefined>, RegExp][] = [
    ['an unknown flag', ['--bogus'], {}, /Unknown option '--bogus'[^]*--music DIR/],
    ['a word that is no flag', ['play'], {}, /Unexpected argument 'play'/],
    ['a flag without its value', ['--port'], {}, /--port/],
    ['a port that is none', ['--port=abc'], {}, /PORT must be a whole number from 0 to 65535, but is "abc"/],
    [
      'faults of flags and environment together',
      ['--port=abc'],
      { LOG_LEVEL: 'loud', ACCESS_TOKEN_TTL: 'soon' },
      /has 3 faults:/,
    ],
    [
      'an unknown target',
      ['--target=everything'],
      {},
      /--target does not know "everything"; it knows gateway, migrate, all,/,
    ],
    ['an unknown contract of a module', ['--target=catalog/poems'], {}, /--target does not know "catalog\/poems"/],
    ['an unknown duty', ['--roles=http,sing'], {}, /--roles does not know "sing"; it knows http, jobs, cron/],
    ['a part without a database to share', ['--target=identity'], { DATABASE_URL: undefined }, /set DATABASE_URL/],
    [
      'a gateway without the address of a part',
      ['--target=gateway,identity', '--port=0'],
      {},
      /needs "catalog", which it does not run: set CATALOG_URL/,
    ],
    [
      'a part without the address of the sessions',
      ['--target=song', '--port=0'],
      {},
      /needs "identity", which it does not run: set IDENTITY_URL/,
    ],
  ]
  for (const [name, args, env, said] of wrong)
    test(`${name}: code 2 and one clear sentence`, async () => {
      const { code, out, err } = await ended(args, env)
      assert.equal(code, 2, err)
      assert.equal(out, '')
      assert.match(err, said)
      assert.doesNotMatch(err, /\n\s+at /)
    })
})

describe('starting and stopping', () => {
  test('SIGINT and SIGTERM end it in order; twice within a second counts once', async () => {
    for (const signals of [['SIGTERM'], ['SIGINT', 'SIGINT']] as const) {
      const { child, url } = await running()
      assert.equal((await fetch(`${url}/health/ready`)).status, 200)
      const began = Date.now()
      for (const signal of signals) child.kill(signal)
      assert.equal(await child.gone, 0)
      assert.ok(Date.now() - began < 8000)
      assert.equal(child.stdout(), `Tutti is ready at ${url}`)
      assert.doesNotMatch(child.stderr(), /"level":[456]0/)
    }
  })

  test('a signal while it starts is not forgotten', async () => {
    const child = start(['--port=0'])
    await sleep(700)
    child.kill('SIGTERM')
    const end = await child.gone
    // So early that nobody listens for signals yet, or in order after the start.
    assert.ok(end === 0 || end === 'SIGTERM', String(end))
  })

  test('a later signal ends a stop that takes too long, at once', async () => {
    const ending = JSON.stringify(pathToFileURL(join(import.meta.dirname, '..', 'src', 'ending.ts')).href)
    const program = `const { whenToldToEnd } = await import(${ending})
      const ended = whenToldToEnd({ error() {} })
      setInterval(() => {}, 1000)
      console.log('up')
      console.log('told ' + await ended.code)`
    const child = startChild('--input-type=module', ['-e', program])
    await child.line(/^up$/)
    child.kill('SIGINT')
    await child.line(/^told 0$/)
    child.kill('SIGINT')
    await sleep(1100)
    const began = Date.now()
    child.kill('SIGINT')
    assert.equal(await child.gone, 130)
    assert.ok(Date.now() - began < 1000)
  })

  test('an error that nobody caught ends it in order, with code 1', async () => {
    const ending = JSON.stringify(pathToFileURL(join(import.meta.dirname, '..', 'src', 'ending.ts')).href)
    const program = `const { whenToldToEnd } = await import(${ending})
      const ended = whenToldToEnd({ error(_, text) { console.log(text) } })
      setTimeout(() => { throw new Error('surprise') }, 10)
      const keep = setInterval(() => {}, 1000)
      process.exitCode = await ended.code
      console.log('stopped in order')
      clearInterval(keep)`
    const child = startChild('--input-type=module', ['-e', program])
    assert.equal(await child.gone, 1)
    assert.match(child.stdout(), /nobody caught: surprise\nstopped in order$/)
  })

  describe('a taken port', () => {
    let taken: Server
    before(async () => {
      taken = createServer()
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    })
    after(() => taken.close())

    test('is told in one sentence; code 1', async () => {
      const { port } = taken.address() as AddressInfo
      const { code, out, err } = await ended([`--port=${port}`])
      assert.deepEqual([code, out], [1, ''])
      assert.match(
        err,
        new RegExp(`Port ${port} is taken by another program: stop it, or choose another with --port\\.`),
      )
      assert.doesNotMatch(err, /\n\s+at /)
    })
  })

  test('a database that does not answer: code 1 and a sentence', async () => {
    const { code, err } = await ended(['--port=0'], { DATABASE_URL: 'postgres://x@127.0.0.1:9/none' })
    assert.equal(code, 1, err)
    assert.match(err, /ECONNREFUSED|cannot be reached/)
  })

  test('--target=migrate brings a database up to date and ends without listening', async () => {
    const fresh = await (await sharedTestPostgres()).createDatabase()
    const first = await ended(['--target=migrate'], { DATABASE_URL: fresh.url, LOG_LEVEL: 'info' })
    const again = await ended(['--target=migrate'], { DATABASE_URL: fresh.url, LOG_LEVEL: 'info' })
    assert.deepEqual([first.code, first.out, again.code], [0, '', 0])
    assert.match(first.err, /Applied migration identity\/001/)
    assert.doesNotMatch(again.err, /Applied/)
    const client = await connectDirect(fresh.url)
    const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from pg_namespace
      where nspname in ('kernel', 'identity', 'catalog', 'streaming', 'analysis', 'graphile_worker')`)
    await client.end()
    assert.equal(rows[0]?.n, 6)
    await fresh.drop()
  })

  test('without the http duty there is health and nothing else', async () => {
    const { child, url } = await running(['--roles=jobs,cron'])
    assert.equal((await fetch(`${url}/health/ready`)).status, 200)
    assert.equal((await fetch(`${url}/api/v1/songs`)).status, 404)
    child.kill('SIGTERM')
    assert.equal(await child.gone, 0)
  })
})
