#!/usr/bin/env node
// The first file that any command loads, under whatever Node the machine has: it must parse even on one too old for us,
// so nothing here is newer than Node 12, and everything else is imported only after the check.
const OLDEST_MAJOR = 20

if (Number(process.versions.node.split('.')[0]) < OLDEST_MAJOR) {
  process.stderr.write(
    `Tutti needs Node ${OLDEST_MAJOR} or newer to install itself, and this is Node ${process.versions.node}: ` +
      'install a current Node from nodejs.org and run the same command again.\n',
  )
  process.exitCode = 1
} else {
  void import('./lib/main.mjs').then(({ main }) => main(process.argv.slice(2)))
}
