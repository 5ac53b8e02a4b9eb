import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject, type Project, runCommand } from './project.ts'

const root = join(import.meta.dirname, '../..')

type Held = { alsoHeldBy: (pid: number) => void }
type WithLock = <T>(file: string, work: (held: Held) => Promise<T>, options?: { abandonedMs?: number }) => Promise<T>
type Lock = { packages: Record<string, Record<string, unknown>> }

const { withLock } = (await import(join(root, 'scripts/lib/lock.mjs'))) as { withLock: WithLock }
const { completeLock, missingPlatforms } = (await import(join(root, 'scripts/lib/lockfile.mjs'))) as {
  completeLock: (lock: Lock) => Lock
  missingPlatforms: (lock: Lock) => { name: string }[]
}

const lockOf = ({ folder }: Project) => join(folder, '.x.lock')

describe('the lock', () => {
  it('lets one in at a time and leaves no file', async () => {
    const file = lockOf(makeProject())
    let inside = 0
    const enter = () =>
      withLock(file, async () => {
        inside += 1
        assert.equal(inside, 1)
        await sleep(20)
        inside -= 1
      })
    await Promise.all([enter(), enter(), enter()])
    assert.equal(existsSync(file), false)
  })

  it('is given back when the work fails', async () => {
    const file = lockOf(makeProject())
    await assert.rejects(
      withLock(file, () => Promise.reject(new Error('no'))),
      /^Error: no$/,
    )
    assert.equal(existsSync(file), false)
  })

  it('is taken over from the dead, and from one whose number came again', async () => {
    const file = lockOf(makeProject())
    for (const owner of ['999999999:1', `${process.pid}:1`, '999999999']) {
      writeFileSync(file, JSON.stringify({ host: hostname(), owners: [owner] }))
      assert.equal(await withLock(file, () => Promise.resolve(owner)), owner)
    }
  })

  it('of another machine is respected until its heartbeat stands still', async () => {
    const file = lockOf(makeProject())
    writeFileSync(file, JSON.stringify({ host: 'elsewhere', owners: ['1:1'] }))
    const startedMs = performance.now()
    await withLock(file, () => Promise.resolve(), { abandonedMs: 500 })
    assert.ok(performance.now() - startedMs >= 500)
  })

  it('that somebody else took meanwhile is not removed', async () => {
    const file = lockOf(makeProject())
    const other = JSON.stringify({ host: 'elsewhere', owners: ['1:1'] })
    await withLock(file, () => Promise.resolve(writeFileSync(file, other)))
    assert.equal(readFileSync(file, 'utf8'), other)
    unlinkSync(file)
  })
})

describe('the lock file of npm', () => {
  it('names the packages of every platform, so that `npm ci` works on each', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
    assert.ok(Object.keys(lock.packages).length > 100)
    assert.deepEqual(
      missingPlatforms(lock).map(({ name }) => name),
      [],
      'run `node scripts/complete-lock.mjs`',
    )
  })

  it('is completed from exact versions and the names of platforms', () => {
    const tool = {
      version: '1.2.3',
      dev: true,
      license: 'MIT',
      optionalDependencies: { '@t/linux-x64-musl': '1.2.3', '@t/darwin-arm64': '1.2.3' },
    }
    const lock: Lock = {
      packages: { '': { name: 'x' }, 'node_modules/tool': tool, 'node_modules/@t/darwin-arm64': { version: '1.2.3' } },
    }
    const { packages } = completeLock(lock)
    assert.deepEqual(Object.keys(packages), [
      '',
      'node_modules/@t/darwin-arm64',
      'node_modules/@t/linux-x64-musl',
      'node_modules/tool',
    ])
    assert.deepEqual(packages['node_modules/@t/linux-x64-musl'], {
      version: '1.2.3',
      cpu: ['x64'],
      dev: true,
      libc: ['musl'],
      license: 'MIT',
      optional: true,
      os: ['linux'],
    })
    const vague: Lock = { packages: { '': {}, 'node_modules/tool': { optionalDependencies: { helper: '1.0.0' } } } }
    assert.throws(() => completeLock(vague), /helper@1\.0\.0: its name does not say one platform/)
  })
})

const SOME_TESTS = `import { describe, it } from 'node:test'
describe('group', () => { it('passes', () => {}); it('waits', { skip: 'no ffmpeg here' }, () => {}) })
`

describe('npm test', () => {
  it('ends with the counts, and with what was skipped and why', async () => {
    const project = makeProject()
    project.write('test/some.test.ts', SOME_TESTS)
    const { code, out } = await runCommand(project, ['test'])
    assert.equal(code, 0)
    assert.match(out, /skipped: waits: no ffmpeg here\n2 tests in 1 files: 1 passed, 0 failed, 1 skipped\n/)
  })

  it('allows nothing to be skipped when everything must run', async () => {
    const project = makeProject()
    project.write('test/some.test.ts', SOME_TESTS)
    const { code, out } = await runCommand(project, ['test'], { TUTTI_TEST_FULL: '1' })
    assert.equal(code, 1)
    assert.match(out, /TUTTI_TEST_FULL=1 allows no skipped test/)
  })

  it('fails when a test fails or a file cannot be loaded, and runs only what was asked for', async () => {
    const project = makeProject()
    project.write('src/modules/a/a.test.ts', `throw new Error('broken file')`)
    project.write('src/kernel/b.test.ts', `import { it } from 'node:test'\nit('b', () => {})`)
    const all = await runCommand(project, ['test'])
    assert.equal(all.code, 1)
    assert.match(all.out, /2 tests in 2 files: 1 passed, 1 failed, 0 skipped/)
    for (const args of [['unit'], ['src/kernel'], ['src/kernel/b.test.ts']]) {
      const some = await runCommand(project, ['test', ...args])
      assert.equal(some.code, 0, args.join())
      assert.match(some.out, /1 tests in 1 files: 1 passed/)
    }
    assert.equal((await runCommand(project, ['test', 'integration'])).code, 1)
    assert.match((await runCommand(project, ['test', 'nowhere'])).err, /There is no test file or folder nowhere/)
  })
})

const withBenches = () => {
  const project = makeProject()
  mkdirSync(join(project.folder, 'bench'))
  cpSync(join(root, 'bench/run.ts'), join(project.folder, 'bench/run.ts'))
  project.write('bench/speed.ts', `/** How fast. */\nconsole.log('speed', process.argv[2])`)
  project.write('bench/accuracy/run.ts', '/**\n * How right it is,\n * and more.\n */\nprocess.exitCode = 3')
  project.write('bench/accuracy/helper.ts', '')
  return project
}

describe('npm run bench', () => {
  it('lists the benches', async () => {
    const { code, out } = await runCommand(withBenches(), ['bench'])
    assert.equal(code, 0)
    assert.match(out, /\n {2}accuracy +How right it is,\n {2}speed +How fast\.\n$/)
  })

  it('runs one with its arguments, or all with a summary, and passes on their failure', async () => {
    const project = withBenches()
    assert.match((await runCommand(project, ['bench', 'speed', 'x'])).out, /^speed x\n$/)
    assert.equal((await runCommand(project, ['bench', 'accuracy'])).code, 3)
    assert.equal((await runCommand(project, ['bench', 'luck'])).code, 2)
    const all = await runCommand(project, ['bench', 'all'])
    assert.equal(all.code, 1)
    assert.match(all.out, /✗ accuracy .* exit code 3\n✓ speed/)
  })
})
