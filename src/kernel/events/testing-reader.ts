import { sql } from 'kysely'
import { connect } from '#kernel/db/index.ts'
import { on } from '#kernel/module.ts'
import { silent } from '#kernel/testing-database.ts'
import { happened } from './testing-events.ts'
import { createRelay } from './relay.ts'

/** A process that reads events until somebody kills it; each handler takes a moment, so that kills hit it at work. */
const db = connect({ url: process.argv[2] as string, poolMax: 3, log: silent })
const handler = on(happened, async (tx, { n }, { key }) => {
  await sql`insert into seen (n, key, by) values (${n}, ${key}, ${process.pid})`.execute(tx)
  await sql`select pg_sleep(0.003)`.execute(tx)
})
createRelay({ db: db.kysely, log: silent, subscribers: [{ module: 'reader', on: [handler] }] })
process.stdout.write('reading\n')
setInterval(() => undefined, 1000)
