import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Every file under `path` (or `path` itself when it is a file), relative to `root`, sorted; none when it does not exist. */
export function filesUnder(root, path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (statSync(full).isFile()) return [path]
  return readdirSync(full)
    .toSorted()
    .filter((name) => name !== 'node_modules')
    .flatMap((name) => filesUnder(root, join(path, name)))
}

/** One sha256 over names and contents; a missing file counts as such, so that its arrival changes the hash. */
export function hashFiles(root, files, seed = '') {
  const hash = createHash('sha256').update(seed)
  for (const file of files) {
    const content = existsSync(join(root, file)) ? readFileSync(join(root, file)) : null
    hash.update(`\0${file}\0${content ? content.length : 'missing'}\0`)
    if (content) hash.update(content)
  }
  return hash.digest('hex')
}
