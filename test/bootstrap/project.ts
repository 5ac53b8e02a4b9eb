import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const root = join(import.meta.dirname, '../..')
const DEADLINE_MS = 20_000

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/**
 * Stands in for npm, which needs a network: notes each run, takes `npm.ms`, obeys `npm.fail`, and leaves what npm leaves.
 * Like npm it empties node_modules first and writes its own record last.
 */
const NPM = `
const fs = require('node:fs')
const at = (name) => require('node:path').join(__dirname, name)
const setting = (name) => fs.existsSync(at(name)) ? fs.readFileSync(at(name), 'utf8') : ''
fs.appendFileSync(at('npm.log'), process.pid + ' ' + process.argv.slice(2).join(' ') + '\\n')
fs.rmSync('node_modules', { recursive: true, force: true })
fs.mkdirSync('node_modules/.bin', { recursive: true })
fs.writeFileSync('node_modules/half', '')
if (setting('npm.fail')) { console.error('npm warn old\\nnpm error ' + setting('npm.fail')); process.exit(1) }
setTimeout(() => {
  fs.rmSync('node_modules/half')
  if (setting('vite')) fs.writeFileSync('node_modules/.bin/vite', setting('vite'), { mode: 0o755 })
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'))
  for (const path of Object.keys(packages)) if (path) fs.mkdirSync(path, { recursive: true })
  delete packages['']
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }))
}, Number(setting('npm.ms') || 0))
`

export const MAIN = `
console.log(JSON.stringify({ argv: process.argv.slice(2), pid: process.pid, path: process.env.PATH, half: fs.existsSync('node_modules/half') }))
import fs from 'node:fs'
const [code] = process.argv.slice(2)
if (code !== 'wait') process.exit(Number(code ?? 0))
const alive = setInterval(() => {}, 1000)
let signals = 0
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {
  signals += 1
  setTimeout(() => { clearInterval(alive); process.exitCode = 40 + signals }, 300)
})
`

export type Project = { folder: string; npm: string; write: (file: string, text: string) => void }

/** A checkout in miniature: our own scripts, a lock file without packages, and a program that says what it was given. */
export function makeProject(): Project {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-bootstrap-'))
  folders.push(folder)
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true })
  write('package.json', JSON.stringify({ name: 'small', version: '1.0.0', private: true, type: 'module' }))
  write('package-lock.json', lockFile({}))
  write('src/main.ts', MAIN)
  write('npm/npm-cli.js', NPM)
  write('npm/package.json', '{"type":"commonjs"}')
  return { folder, npm: join(folder, 'npm/npm-cli.js'), write }
}

export const lockFile = (packages: object) =>
  JSON.stringify({
    name: 'small',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name: 'small', version: '1.0.0' }, ...packages },
  })

type Options = { nodeOptions?: string; env?: NodeJS.ProcessEnv }

export function launch(project: Project, args: string[], { nodeOptions = '', env = {} }: Options = {}): ChildProcess {
  return spawn(process.execPath, [join(project.folder, 'scripts/run.mjs'), ...args], {
    cwd: tmpdir(),
    detached: true,
    env: {
      ...process.env,
      npm_execpath: project.npm,
      npm_node_execpath: process.execPath,
      NODE_OPTIONS: nodeOptions,
      NODE_TEST_CONTEXT: undefined,
      ...env,
    },
  })
}

export type Outcome = { code: number | null; signal: string | null; out: string; err: string }

export async function ended(child: ChildProcess): Promise<Outcome> {
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  const outcome: Outcome = { code: null, signal: null, out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (outcome.out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (outcome.err += text))
  const [code, signal] = await once(child, 'close')
  clearTimeout(deadline)
  return { ...outcome, code: code as number | null, signal: signal as string | null }
}

export const run = (project: Project, args: string[], options?: Options) => ended(launch(project, args, options))

export const npmRuns = ({ folder }: Project) =>
  existsSync(join(folder, 'npm/npm.log')) ? readFileSync(join(folder, 'npm/npm.log'), 'utf8').trim().split('\n') : []

export async function until(what: string, isTrue: () => boolean) {
  for (let waitedMs = 0; !isTrue(); waitedMs += 20) {
    assert.ok(waitedMs < DEADLINE_MS, `waited in vain for ${what}`)
    await sleep(20)
  }
}

export function isAlive(pid: number) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A command in a project whose libraries are there. */
export const runCommand = (project: Project, args: string[], env: NodeJS.ProcessEnv = {}) =>
  run(project, args, { env: { TUTTI_TEST_FULL: undefined, ...env } })
