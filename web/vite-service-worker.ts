import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { build, type Plugin, type ResolvedConfig } from 'vite'
import { WORKER_URL } from './src/lib/offline/names.ts'
import type { Shell } from './src/lib/offline/worker/shell.ts'

const WORKER_ENTRY = 'src/service-worker.ts'
/** The page is kept under its address, the worker and the manifest by the browser itself. */
const NOT_IN_SHELL = new Set(['index.html', WORKER_URL.slice(1), 'manifest.webmanifest'])

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** What a finished build consists of. Its version changes with any of its bytes. */
function shellOf(outDir: string): Shell {
  const all = readdirSync(outDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const names = all
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(outDir.length + 1)
        .split(sep)
        .join('/'),
    )
    .sort()
  const files = names.filter((name) => !NOT_IN_SHELL.has(name) && !name.startsWith('.'))
  const digests = [...files, 'index.html'].map((name) => `${name} ${sha256(readFileSync(join(outDir, name)))}`)
  return {
    version: sha256(digests.join('\n')).slice(0, 16),
    files: files.map((name) => `/${name}`),
    pageSha256: sha256(readFileSync(join(outDir, 'index.html'))),
  }
}

/** Builds the service worker after the app: one classic script beside the page, which knows every file of the build. */
export function serviceWorker(): Plugin {
  let config: ResolvedConfig
  return {
    name: 'tutti-service-worker',
    apply: 'build',
    configResolved(resolved) {
      config = resolved
    },
    async closeBundle() {
      const outDir = resolve(config.root, config.build.outDir)
      await build({
        configFile: false,
        root: config.root,
        logLevel: 'warn',
        publicDir: false,
        resolve: { alias: config.resolve.alias },
        define: { TUTTI_SHELL: JSON.stringify(shellOf(outDir)) },
        build: {
          target: config.build.target,
          outDir,
          emptyOutDir: false,
          copyPublicDir: false,
          modulePreload: false,
          rolldownOptions: {
            input: join(config.root, WORKER_ENTRY),
            output: { format: 'iife', entryFileNames: WORKER_URL.slice(1) },
          },
        },
      })
    },
  }
}
