/**
 * Optional packages of other platforms that a lock file does not name. npm leaves them out when the registry did not
 * answer for them while the file was made; `npm ci` then refuses the file everywhere.
 * @param {{ packages: Record<string, object> }} lock the parsed package-lock.json
 * @returns {{ name: string, version: string, parent: object }[]}
 */
export function missingPlatforms({ packages }) {
  return Object.entries(packages).flatMap(([path, parent]) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name]) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
      .map(([name, version]) => ({ name, version, parent })),
  )
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

/** The lock file with an entry for each of them: their versions are exact, and their names say the platform. */
export function completeLock(lock) {
  const added = missingPlatforms(lock).map(({ name, version, parent }) => [
    `node_modules/${name}`,
    entryOf(name, version, parent),
  ])
  const [root, ...others] = Object.entries(lock.packages)
  const packages = [...others, ...added].toSorted(([a], [b]) => a.localeCompare(b, 'en'))
  return { ...lock, packages: Object.fromEntries([root, ...packages]) }
}

function entryOf(name, version, parent) {
  const words = name.split(/[-/]/)
  const os = SYSTEMS.filter((system) => words.includes(system))
  const cpu = PROCESSORS.filter((processor) => words.includes(processor))
  if (os.length !== 1 || cpu.length !== 1 || !/^\d/.test(version))
    throw new Error(`${name}@${version}: its name does not say one platform`)
  const libc = name.includes('musl') ? { libc: ['musl'] } : name.includes('gnu') ? { libc: ['glibc'] } : {}
  return { version, cpu, ...(parent.dev ? { dev: true } : {}), ...libc, license: parent.license, optional: true, os }
}
