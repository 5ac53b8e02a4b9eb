import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { filesUnder, hashFiles } from './hash.mjs'
import { withLock } from './lock.mjs'
import { runQuietly } from './processes.mjs'

const STAMP = 'web/dist/.stamp'
/** Ignored by git, and on most machines on the same disk as web/dist, so that the finished build moves in one step. */
const DRAFT = 'node_modules/.tutti-web'
const WEB_CONFIG = /^((vite|svelte)\.config\.[cm]?[jt]s|vite-[\w-]+\.ts|package\.json|tsconfig\.json|index\.html)$/

/**
 * Builds web/dist when one of its sources changed since the last build; says and does nothing otherwise.
 * Invariant: web/dist is replaced whole and stamped; a build that failed or was killed leaves the old one.
 */
export async function buildWebApp({ root, node, env, say }) {
  if (!existsSync(join(root, 'web/index.html'))) {
    say('There is no web app in this checkout (web/index.html): starting without.')
    return
  }
  const wanted = hashFiles(root, webSources(root))
  if (readStamp(root) === wanted) return
  const onWait = () => say('Another start of Tutti is building the web app; waiting for it …')
  await withLock(join(root, 'scripts/.web.lock'), (lock) => build({ root, node, env, say, wanted, lock }), { onWait })
}

async function build({ root, env, say, wanted, lock }) {
  if (readStamp(root) === wanted) return
  say('Building the web app …')
  const startedMs = performance.now()
  const draft = join(root, DRAFT)
  rmSync(draft, { recursive: true, force: true })
  await runQuietly(viteOf(root), ['build', '--outDir', draft, '--emptyOutDir'], {
    cwd: join(root, 'web'),
    env: { ...env, NO_COLOR: '1' },
    onSpawn: lock.alsoHeldBy,
    explain: (_output, end) => `The web app could not be built (vite ended with ${end}); its messages stand above.`,
  })
  writeFileSync(join(draft, '.stamp'), wanted)
  replace(draft, join(root, 'web/dist'))
  say(`Web app: built in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`)
}

const viteOf = (root) =>
  ['web/node_modules/.bin/vite', 'node_modules/.bin/vite'].map((path) => join(root, path)).find(existsSync) ?? 'vite'

function replace(draft, target) {
  rmSync(target, { recursive: true, force: true })
  try {
    renameSync(draft, target)
  } catch (error) {
    if (error.code !== 'EXDEV') throw error
    const stamp = join(target, '.stamp')
    cpSync(draft, target, { recursive: true, filter: (path) => path !== join(draft, '.stamp') })
    writeFileSync(stamp, readFileSync(join(draft, '.stamp')))
    rmSync(draft, { recursive: true, force: true })
  }
}

const readStamp = (root) => (existsSync(join(root, STAMP)) ? readFileSync(join(root, STAMP), 'utf8') : null)

/**
 * All that the build reads: web/, the typed client, and whatever else of src/ these import as values. What is imported as
 * a type is erased before the build and cannot change it, which spares a rebuild after most changes of the server.
 */
export function webSources(root) {
  const configs = readdirSync(join(root, 'web')).filter((name) => WEB_CONFIG.test(name))
  const entries = ['web/src', 'web/public', 'src/client'].flatMap((path) => filesUnder(root, path))
  const all = ['package-lock.json', ...configs.map((name) => `web/${name}`), ...closure(root, entries)]
  return [...new Set(all)].filter((file) => !file.endsWith('.test.ts')).toSorted((a, b) => (a < b ? -1 : 1))
}

const CODE = /\.(ts|js|mjs|svelte)$/

function closure(root, entries) {
  const seen = new Set()
  const queue = [...entries]
  for (const file of queue) {
    if (seen.has(file)) continue
    seen.add(file)
    if (CODE.test(file))
      queue.push(
        ...importsOf(file, readFileSync(join(root, file), 'utf8')).filter((path) => existsSync(join(root, path))),
      )
  }
  return seen
}

/** Relative and `#` imports of values, as paths of the checkout. */
const importsOf = (file, source) =>
  [...source.matchAll(/\b(?:import|export)\b(?!\s+type\b)[^'"`;=]*?['"]((?:#|\.\.?\/)[^'"]+)['"]/g)].map(
    ([, specifier]) =>
      specifier.startsWith('#') ? join('src', specifier.slice(1)) : normalize(join(dirname(file), specifier)),
  )
