import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder } from './hash.mjs'
import { Fault } from './processes.mjs'
import { ordered } from './test-order.mjs'

/** Two cores are what the tests were timed on. Further files use the time in which two wait for disks and browsers. */
const FILES_AT_ONCE = 4
const TEST_TIMEOUT_MS = 600_000
const COVERAGE_LINES_MIN = 80
const TESTING_SERVER = 'src/kernel/db/embedded/testing-server.ts'
const REPORTER = './scripts/lib/closing-reporter.mjs'
/** Of files made for a run; ignored by git, and not below node_modules, where node:test takes no files from. */
const ENTRIES = 'test-output/run'

/** Parts that need a module, or the whole product, are integration; what stands alone is unit. */
const GROUPS = {
  unit: (file) => file.startsWith('web/') || (file.startsWith('src/') && !file.startsWith('src/modules/')),
  integration: (file) => !GROUPS.unit(file),
  all: () => true,
}

const ROOMS = ['src', 'test', 'bench', 'tools', 'web/src']

/** Splits `[unit|integration|coverage] [--node-options] [files or folders]`. */
function readArguments([first, ...rest]) {
  const isGroup = ['unit', 'integration', 'coverage'].includes(first)
  const words = isGroup ? rest : [first, ...rest].filter((word) => word !== undefined)
  return {
    group: first === 'unit' || first === 'integration' ? first : 'all',
    isCoverage: first === 'coverage',
    options: words.filter((word) => word.startsWith('-')),
    paths: words.filter((word) => !word.startsWith('-')),
  }
}

const isTest = (file) => file.endsWith('.test.ts')

function chosenFiles(root, { group, paths }) {
  if (paths.length === 0)
    return ROOMS.flatMap((room) => filesUnder(root, room))
      .filter(isTest)
      .filter(GROUPS[group])
  const missing = paths.find((path) => !existsSync(join(root, path)))
  if (missing)
    throw new Fault(`There is no test file or folder ${missing}: give paths as seen from the top of the checkout.`)
  return paths.flatMap((path) => filesUnder(root, path)).filter(isTest)
}

/** The web app's tests open the built pages. */
export function testsNeedWebApp(args) {
  const { group, paths } = readArguments(args)
  return group !== 'unit' && (paths.length === 0 || paths.some((path) => /^(\.\/)?test(\/|$)/.test(path)))
}

/**
 * The command line of a test run: `node --test` over the chosen files, inside the server that starts one PostgreSQL for
 * all of them and tells them by TUTTI_TEST_DATABASE_URL.
 */
export function testArguments(args, { root, node, say }) {
  const { isCoverage, options, ...choice } = readArguments(args)
  const files = chosenFiles(root, choice)
  if (files.length === 0) throw new Fault('No test file was found there: their names end in .test.ts.')
  const run = ['--test', `--test-concurrency=${FILES_AT_ONCE}`, `--test-timeout=${TEST_TIMEOUT_MS}`, ...reporters]
  const all = [...run, ...(isCoverage ? coverage : []), ...options, ...ordered(root, files, ENTRIES)]
  if (existsSync(join(root, TESTING_SERVER))) return [TESTING_SERVER, '--', node, ...all]
  say(`There is no ${TESTING_SERVER} in this checkout: tests that need PostgreSQL will say so.`)
  return all
}

/** Each test file is a process that loads much of the program: what one has compiled the next ones take. */
export function testEnvironment(args, root) {
  const isCounted = readArguments(args).isCoverage
  return isCounted ? {} : { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/tutti-tests') }
}

const reporters = ['spec', REPORTER].flatMap((name) => [
  `--test-reporter=${name}`,
  '--test-reporter-destination=stdout',
])

const coverage = [
  '--experimental-test-coverage',
  '--test-coverage-include=src/**',
  '--test-coverage-exclude=**/*.test.ts',
  `--test-coverage-lines=${COVERAGE_LINES_MIN}`,
]
