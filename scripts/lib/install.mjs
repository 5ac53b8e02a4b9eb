import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { hashFiles } from './hash.mjs'
import { withLock } from './lock.mjs'
import { chooseNode, dropUnusableNode } from './node.mjs'
import { runQuietly } from './processes.mjs'

const PROGRESS_MS = 3000
const STAMP = 'node_modules/.tutti-stamp'
const MANIFESTS = ['package.json', 'package-lock.json', 'web/package.json']

/** `ci` builds exactly the lock file; the rest outvotes NODE_ENV=production and a person's own npm settings. */
const NPM_CI = ['ci', '--include=dev', '--include=optional', '--package-lock=true', '--no-audit', '--no-fund']
const NPM_QUIET = ['--loglevel=notice', '--no-progress', '--no-update-notifier', '--prefer-offline']

/**
 * Makes node_modules match the lock file and returns the path of the Node that runs everything.
 * Invariant: the stamp is written last, so an install that was killed anywhere has none, and the next start repeats it.
 */
export async function ensureInstalled(root, say) {
  const wanted = hashFiles(root, MANIFESTS, `${process.platform}-${process.arch}`)
  const ready = readStamp(root, wanted)
  if (ready) return ready
  const onWait = () => say('Another start of Tutti is installing the libraries; waiting for it …')
  return withLock(join(root, 'scripts/.install.lock'), (lock) => install(root, wanted, { lock, say }), { onWait })
}

async function install(root, wanted, { lock, say }) {
  const ready = readStamp(root, wanted)
  if (ready) return ready
  rmSync(join(root, STAMP), { force: true })
  if (!matchesLockFile(root)) await npmCi(root, { lock, say })
  dropUnusableNode(root)
  const node = chooseNode(root)
  writeFileSync(join(root, STAMP), JSON.stringify({ wanted, node }))
  return node
}

/** The Node noted by a finished install of these manifests; null when there is none, or that Node is gone. */
function readStamp(root, wanted) {
  const stamp = readJson(join(root, STAMP))
  return stamp?.wanted === wanted && existsSync(stamp.node) ? stamp.node : null
}

/**
 * True when somebody already ran `npm ci` or `npm install` here: npm's own record, which it writes last, then names
 * the versions of the lock file, and each of its packages is in place. Spares CI systems and developers a second install.
 */
export function matchesLockFile(root) {
  const lock = readJson(join(root, 'package-lock.json'))?.packages
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages
  if (!lock || !installed || !matchesManifests(root, lock)) return false
  const isMissing = ([path, entry]) => !entry.optional && !installed[path]
  const isWrong = ([path, entry]) => lock[path]?.version !== entry.version || !existsSync(join(root, path))
  const locked = Object.entries(lock).filter(([path]) => path.includes('node_modules/'))
  return !locked.some(isMissing) && !Object.entries(installed).some(isWrong)
}

const DEPENDENCY_KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']

const matchesManifests = (root, lock) =>
  ['', 'web'].every((folder) => {
    const manifest = readJson(join(root, folder, 'package.json')) ?? {}
    return DEPENDENCY_KINDS.every((kind) => sorted(manifest[kind]) === sorted(lock[folder]?.[kind]))
  })

const sorted = (record = {}) => JSON.stringify(record, Object.keys(record).toSorted())

async function npmCi(root, { lock, say }) {
  const startedMs = performance.now()
  const seconds = () => (performance.now() - startedMs) / 1000
  const tell = () => say(`Installing the libraries (first start, about half a minute) … ${Math.round(seconds())} s`)
  tell()
  const progress = setInterval(tell, PROGRESS_MS)
  try {
    const [file, ...argv] = npmCommand()
    await runQuietly(file, [...argv, ...NPM_CI, ...NPM_QUIET, `--prefix=${root}`], {
      cwd: root,
      env: npmEnvironment(),
      onSpawn: lock.alsoHeldBy,
      explain: explainNpm,
      tidy: withoutNpmNoise,
    })
  } finally {
    clearInterval(progress)
  }
  say(`Libraries: installed in ${seconds().toFixed(1)} s.`)
}

/** The npm that started us, under the Node that runs it: ours may lie in the node_modules that npm is about to replace. */
function npmCommand() {
  const { npm_execpath: script, npm_node_execpath: node = process.execPath } = process.env
  const isNpm = script !== undefined && basename(script) === 'npm-cli.js' && existsSync(script)
  return isNpm ? [existsSync(node) ? node : process.execPath, script] : ['npm']
}

/** What npm tells its scripts about the package it runs them for; it would send a nested npm to that package. */
const isAboutOuterRun = (name) => /^npm_(package|lifecycle|command|config_local_prefix|config_prefix)/.test(name)

function npmEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isAboutOuterRun(name)))
}

const NPM_FAULTS = [
  [
    /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|network/,
    "npm could not reach its registry: check the network and npm's proxy settings, then start again.",
  ],
  [/ENOSPC/, 'the disk is full: free about 700 MB and start again.'],
  [/EACCES|EPERM|EROFS/, 'the folder cannot be written: start as the user who owns it.'],
  [/in sync/, 'package.json and package-lock.json do not fit each other: run `npm install` once and start again.'],
  [/ENOENT|127/, 'npm itself was not found: install it beside Node and start again.'],
]

/** Warnings about engines and settings, and npm's list of its own options, hide the line that matters. */
const withoutNpmNoise = (output) =>
  output
    .replace(/^npm error Clean install a project\n[^]*?(?=^npm error A complete log|(?![^]))/m, '')
    .split('\n')
    .filter((line) => !/^npm (warn|notice)|^npm error$/.test(line))
    .join('\n')

function explainNpm(output, end) {
  const known = NPM_FAULTS.find(([pattern]) => pattern.test(output) || pattern.test(end))
  const reason = known?.[1] ?? "npm's own messages stand above."
  return `The libraries could not be installed (npm ci ended with ${end}): ${reason}`
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
