import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ended, isAlive, launch, makeProject, npmRuns, run } from './project.ts'

describe('the program', () => {
  it('gets its arguments and the chosen Node first on the path, and gives its exit code', async () => {
    const project = makeProject()
    const { code, out } = await run(project, ['start', '7', '--port', '1'])
    assert.equal(code, 7)
    const said = JSON.parse(out) as { argv: string[]; path: string }
    assert.deepEqual(said.argv, ['7', '--port', '1'])
    assert.ok(said.path.startsWith(dirname(process.execPath)))
  })

  it('replaces the bootstrap, so that no idle parent stays', async () => {
    const child = launch(makeProject(), ['start', '0'])
    const { out } = await ended(child)
    assert.equal((JSON.parse(out) as { pid: number }).pid, child.pid)
  })

  const ways = { 'as itself': '', 'under a thin parent': '--import=data:text/javascript,process.execve=undefined' }
  for (const [way, nodeOptions] of Object.entries(ways)) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      it(`${way}, gets ${signal} once and gives its exit code`, async () => {
        const child = launch(makeProject(), ['start', 'wait'], { nodeOptions })
        const pid = await new Promise<number>((resolve) =>
          child.stdout?.once('data', (text) => resolve((JSON.parse(String(text)) as { pid: number }).pid)),
        )
        await sleep(100)
        // The terminal signals the whole group, and npm, above us, passes its own copy on to the first process.
        process.kill(-(child.pid ?? 0), signal)
        if (nodeOptions !== '') child.kill(signal)
        const { code } = await ended(child)
        assert.equal(code, 41)
        assert.equal(isAlive(pid), false)
      })
    }
  }

  it('is refused with one sentence on a Node that is too old', async () => {
    const nodeOptions = `--import=data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'18.1.0'}})`
    const { code, out, err } = await run(makeProject(), ['start'], { nodeOptions })
    assert.deepEqual({ code, out, lines: err.trim().split('\n').length }, { code: 1, out: '', lines: 1 })
    assert.match(err, /needs Node 20 or newer .* this is Node 18\.1\.0/)
  })

  it('is not started by an unknown command: the list of commands is printed instead', async () => {
    const project = makeProject()
    const { code, err } = await run(project, ['strat'])
    assert.equal(code, 2)
    assert.match(err, /start {2,}builds the web app/)
    assert.equal(npmRuns(project).length, 0)
  })
})
