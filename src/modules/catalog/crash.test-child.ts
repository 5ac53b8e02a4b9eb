/** The program in a process of its own, scanning `MUSIC`, until it is killed. */
import { env } from 'node:process'
import { startCatalog } from './testing.ts'

const keep = { dataDir: env['DATA'] as string, databaseUrl: env['DATABASE'] as string }
const started = startCatalog({ musicDirs: [env['MUSIC'] as string], keep })
started.catch(() => process.exit(3))
