/** For tests: the product as a process of its own, to be killed. `testing-child.ts DATA_DIR DATABASE_URL MUSIC_DIR` */
import { startTestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import analysis from './index.ts'

const [dataDir = '', databaseUrl = '', folder = ''] = process.argv.slice(2)
await startTestApp({
  modules: [identity, catalog, analysis],
  config: { musicDirs: [folder] },
  keep: { dataDir, databaseUrl },
})
