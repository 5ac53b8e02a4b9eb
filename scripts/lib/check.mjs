import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const bin = (name) => `node_modules/.bin/${name}`
const CODE = ['src', 'test', 'bench', 'tools', 'scripts']

/**
 * Every rule that needs no running product. `when` names a file without which a step has nothing to look at; it is then
 * skipped aloud, never silently.
 */
const steps = [
  { name: 'types', file: bin('tsc'), args: ['--noEmit', '-p', '.'] },
  { name: 'lint', file: bin('oxlint'), args: ['--type-aware', ...CODE] },
  { name: 'format', file: bin('biome'), args: ['format', '.'] },
  {
    name: 'web',
    file: 'node_modules/.bin/svelte-check',
    args: ['--tsconfig', './tsconfig.json'],
    cwd: 'web',
    when: 'web/tsconfig.json',
  },
  {
    name: 'env-example',
    args: ['src/kernel/config/env-example.ts', '--check'],
    when: 'src/kernel/config/env-example.ts',
  },
  { name: 'client routes', args: ['src/client/generate.ts', '--check'], when: 'src/client/generate.ts' },
  {
    name: 'boundaries and style',
    args: ['--test', 'test/boundaries.test.ts', 'test/style.test.ts'],
    when: 'test/boundaries.test.ts',
  },
]

/** Runs all steps, one after another, and prints what failed at the end. Resolves the exit code: 1 when any failed. */
export async function check(_args, { root, node, env }) {
  const failures = []
  for (const step of steps) {
    if (step.when && !existsSync(join(root, step.when))) print(`- ${step.name}: skipped, there is no ${step.when}`)
    else failures.push(...(await runStep(step, { root, node, env })))
  }
  for (const { name, output } of failures) print(`\n── ${name} ──\n${output.trimEnd()}`)
  print(
    failures.length
      ? `\n${failures.length} of ${steps.length} checks failed: ${failures.map(({ name }) => name).join(', ')}`
      : '\nAll checks passed.',
  )
  return failures.length ? 1 : 0
}

async function runStep({ name, file, args, cwd = '.' }, { root, node, env }) {
  const startedMs = performance.now()
  const { isGreen, output } = await collect(file ? join(root, cwd, file) : node, args, {
    cwd: join(root, cwd),
    env: { ...env, NO_COLOR: '1' },
  })
  print(`${isGreen ? '✓' : '✗'} ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`)
  return isGreen ? [] : [{ name, output }]
}

const collect = (file, args, options) =>
  new Promise((resolve) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => resolve({ isGreen: false, output: error.message }))
    child.on('close', (code) => resolve({ isGreen: code === 0, output }))
  })

const print = (line) => process.stdout.write(`${line}\n`)
