import { startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

/** A process that sends letters until it is killed. */
const [databaseUrl, dataDir, smtpUrl] = process.argv.slice(2) as [string, string, string]
await startTestApp({ modules: [identity], keep: { databaseUrl, dataDir }, duties: ['jobs'], config: { smtpUrl } })
process.stdout.write('at work\n')
