import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ended, isAlive, launch, lockFile, makeProject, npmRuns, run, until } from './project.ts'

describe('the libraries', () => {
  it('are installed by the first start and left alone by the second', async () => {
    const project = makeProject()
    const first = await run(project, ['start', '0', 'x'], { env: { NODE_ENV: 'production' } })
    assert.equal(first.code, 0, first.err)
    assert.match(first.err, /Installing the libraries .* 0 s\n/)
    assert.deepEqual(first.out.trim().split('\n').length, 1, 'stdout belongs to the program')
    const second = await run(project, ['start'])
    assert.doesNotMatch(second.err, /Installing/)
    assert.equal(npmRuns(project).length, 1)
    assert.match(npmRuns(project)[0] ?? '', / ci .*--include=dev --include=optional/)
  })

  it('are installed again when the lock file changes, and not when a manifest changes otherwise', async () => {
    const project = makeProject()
    await run(project, ['start'])
    project.write('package.json', JSON.stringify({ name: 'small', version: '1.0.1', private: true, type: 'module' }))
    assert.equal((await run(project, ['start'])).code, 0)
    assert.equal(npmRuns(project).length, 1)
    project.write('package-lock.json', lockFile({ 'node_modules/new': { version: '1.0.0' } }))
    assert.equal((await run(project, ['start'])).code, 0)
    assert.equal(npmRuns(project).length, 2)
  })

  it('are installed again when a package has gone', async () => {
    const project = makeProject()
    project.write('package-lock.json', lockFile({ 'node_modules/new': { version: '1.0.0' } }))
    await run(project, ['start'])
    rmSync(join(project.folder, 'node_modules/new'), { recursive: true })
    rmSync(join(project.folder, 'node_modules/.tutti-stamp'))
    await run(project, ['start'])
    assert.equal(npmRuns(project).length, 2)
  })

  it('that npm cannot install are explained, and tried again by the next start', async () => {
    const project = makeProject()
    project.write('npm/npm.fail', 'code ENOTFOUND')
    const failed = await run(project, ['start'])
    assert.equal(failed.code, 1)
    assert.match(failed.err, /npm error code ENOTFOUND\n.*npm ci ended with code 1\): npm could not reach its registry/)
    assert.doesNotMatch(failed.err, /npm warn/)
    assert.equal(failed.out, '')
    project.write('npm/npm.fail', '')
    assert.equal((await run(project, ['start'])).code, 0)
    assert.equal(npmRuns(project).length, 2)
  })

  it('are installed once by two starts at the same time', async () => {
    const project = makeProject()
    project.write('npm/npm.ms', '800')
    const both = await Promise.all([1, 2].map(() => run(project, ['start'])))
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    )
    assert.ok(
      both.every(({ out }) => out.includes('"half":false')),
      'a program started on a half-installed tree',
    )
    assert.equal(npmRuns(project).length, 1)
  })

  it('are mended after the bootstrap and npm were killed half-way', async () => {
    const project = makeProject()
    project.write('npm/npm.ms', '60000')
    const child = launch(project, ['start'])
    await until('npm', () => existsSync(join(project.folder, 'node_modules/half')))
    child.kill('SIGKILL')
    await once(child, 'exit')
    process.kill(Number(npmRuns(project)[0]?.split(' ')[0]), 'SIGKILL')
    project.write('npm/npm.ms', '0')
    const next = await run(project, ['start'])
    assert.equal(next.code, 0, next.err)
    assert.match(next.out, /"half":false/)
    assert.equal(npmRuns(project).length, 2)
  })

  it('are never installed by two npm at once, even when the first bootstrap was killed and its npm lives on', async () => {
    const project = makeProject()
    project.write('npm/npm.ms', '1500')
    const child = launch(project, ['start'])
    await until('npm', () => existsSync(join(project.folder, 'node_modules/half')))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const next = await run(project, ['start'])
    assert.equal(next.code, 0, next.err)
    assert.match(next.out, /"half":false/)
    assert.equal(npmRuns(project).length, 1, 'the work of the orphan is taken over')
  })

  it('stop being installed on a signal, and npm with it', async () => {
    const project = makeProject()
    project.write('npm/npm.ms', '60000')
    const child = launch(project, ['start'])
    await until('npm', () => existsSync(join(project.folder, 'node_modules/half')))
    process.kill(-(child.pid ?? 0), 'SIGINT')
    const { signal, err } = await ended(child)
    assert.equal(signal, 'SIGINT')
    assert.match(err, /Stopped before it was done/)
    assert.equal(isAlive(Number(npmRuns(project)[0]?.split(' ')[0])), false)
  })
})
