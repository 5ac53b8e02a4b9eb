import { check } from './check.mjs'
import { testArguments, testEnvironment, testsNeedWebApp } from './test.mjs'

const always = () => true

/** A small nursery: the server makes little garbage, and the default one stays in memory for good (bench/startup). */
const SERVER = ['--max-semi-space-size=8', 'src/main.ts']

/** A command that is a TypeScript program of ours, with fixed arguments before the person's own. */
const program =
  (...fixed) =>
  (args) => [...fixed, ...args]

/**
 * The one table of `node scripts/run.mjs <command>`. `argv` is handed over to Node 26, which then *is* this process;
 * `run` stays here and resolves an exit code.
 */
export const commands = {
  start: {
    about: 'builds the web app if it changed, and starts the server',
    needsWebApp: always,
    argv: program(...SERVER),
  },
  test: {
    about: '[unit|integration|coverage] [files…]  runs the tests',
    needsWebApp: testsNeedWebApp,
    argv: testArguments,
    env: testEnvironment,
  },
  check: { about: 'types, lint, format, dependency rules; all of them, faults at the end', run: check },
  bench: {
    about: '[name] [arguments]  measures; without a name it lists what',
    needsWebApp: (args) => args.length > 0,
    argv: program('bench/run.ts'),
  },
  analyze: {
    about: 'FILE|FOLDER…  prints what audio files are like (--help)',
    argv: program('src/modules/analysis/cli.ts'),
  },
  format: {
    about: 'formats the code',
    argv: (args) => ['node_modules/@biomejs/biome/bin/biome', 'format', '--write', ...(args.length ? args : ['.'])],
  },
  'env-example': {
    about: 'writes .env.example from the configuration schema',
    argv: program('src/kernel/config/env-example.ts'),
  },
  'db-migrate': {
    about: 'brings the database to this version and ends',
    argv: program(...SERVER, '--target=migrate'),
  },
  'db-reset': { about: 'empties the database', argv: program(...SERVER, '--db=reset') },
  'db-seed': { about: 'fills the database with an example', argv: program(...SERVER, '--db=seed') },
}

export const usage = () =>
  [
    'node scripts/run.mjs COMMAND [arguments]',
    ...Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`),
  ].join('\n')
