import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { MAIN, makeProject, type Project, run } from './project.ts'

const VITE = `#!/usr/bin/env node
const fs = require('node:fs')
const out = process.argv[process.argv.indexOf('--outDir') + 1]
if (fs.existsSync('fail')) { console.error('syntax error in App'); process.exit(3) }
fs.appendFileSync('builds', 'x')
fs.mkdirSync(out, { recursive: true })
fs.writeFileSync(out + '/index.html', fs.readFileSync('src/app.ts'))
`

const makeWebProject = () => {
  const project = makeProject()
  project.write('npm/vite', VITE)
  project.write('web/package.json', '{"type":"commonjs"}')
  project.write('web/index.html', '')
  project.write('web/src/app.ts', 'one')
  project.write('src/client/index.ts', `import type { A } from '#kernel/a.ts'\nexport { b } from '#kernel/b.ts'`)
  project.write('src/kernel/a.ts', '')
  project.write('src/kernel/b.ts', '')
  return project
}
const builds = ({ folder }: Project) => readFileSync(join(folder, 'web/builds'), 'utf8').length
const page = ({ folder }: Project) => readFileSync(join(folder, 'web/dist/index.html'), 'utf8')

describe('the web app', () => {
  it('is built when a source of it changed, and only then', async () => {
    const project = makeWebProject()
    const changes: [string, number][] = [
      ['README.md', 1],
      ['src/main.ts', 1],
      ['src/kernel/a.ts', 1],
      ['web/src/app.test.ts', 1],
      ['src/kernel/b.ts', 2],
      ['web/src/app.ts', 3],
      ['web/vite.config.ts', 4],
    ]
    for (const [file, count] of changes) {
      await run(project, ['start'])
      project.write(file, `${file === 'src/main.ts' ? MAIN : ''}// changed ${count}`)
      assert.equal((await run(project, ['start'])).code, 0)
      assert.equal(builds(project), count, file)
    }
    assert.equal(page(project), '// changed 3')
  })

  it('that cannot be built keeps its last build, and the start says why it failed', async () => {
    const project = makeWebProject()
    await run(project, ['start'])
    project.write('web/src/app.ts', 'two')
    project.write('web/fail', '')
    const { code, err } = await run(project, ['start'])
    assert.equal(code, 1)
    assert.match(err, /syntax error in App\nThe web app could not be built \(vite ended with code 3\)/)
    assert.equal(page(project), 'one')
    rmSync(join(project.folder, 'web/fail'))
    assert.equal((await run(project, ['start'])).code, 0)
    assert.equal(page(project), 'two')
  })

  it('is built once by two starts at the same time', async () => {
    const project = makeWebProject()
    const both = await Promise.all([1, 2].map(() => run(project, ['start'])))
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    )
    assert.equal(builds(project), 1)
  })
})
