/** The program in a process of its own, telling where it listens, until it is killed. */
import { env } from 'node:process'
import { startCatalog } from '#modules/catalog/testing.ts'

const keep = { dataDir: env['DATA'] as string, databaseUrl: env['DATABASE'] as string }
startCatalog({ keep }).then(
  (c) => process.send?.({ url: c.app.url }),
  () => process.exit(3),
)
