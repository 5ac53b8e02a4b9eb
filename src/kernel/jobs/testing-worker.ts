import { connect } from '#kernel/db/index.ts'
import { runs } from '#kernel/module.ts'
import { createPubSub } from '#kernel/pubsub/index.ts'
import { silent } from '#kernel/testing-database.ts'
import { createJobs } from './index.ts'
import { work } from './testing-jobs.ts'

/** A process that takes jobs, notes each start, and never ends one: to be killed. */
const url = process.argv[2] as string
const db = connect({ url, poolMax: 5, log: silent })
const pubsub = await createPubSub({ log: silent })
const handler = runs(work, async ({ n }, { attempt }) => {
  await db.pool.query('insert into tries (n, attempt, by) values ($1, $2, $3)', [n, attempt, process.pid])
  process.stdout.write(`took ${n}\n`)
  await new Promise(() => {})
})
await createJobs({ pool: db.pool, url, directUrl: url, log: silent, pubsub, handlers: [handler], cpuPlaces: 1 })
process.stdout.write('waiting\n')
