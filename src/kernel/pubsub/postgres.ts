import { Client } from 'pg'
import { messageOf } from '#kernel/errors.ts'
import { frameTexts, createFrameReader } from './frames.ts'
import type { Transport, TransportHooks } from './remote.ts'
import { seldomWarn } from './seldom.ts'

/** The one NOTIFY channel; names are multiplexed inside, so that subscribing needs no round trip. */
const NOTIFY_CHANNEL = 'tutti'
export const APPLICATION_NAME = 'tutti pubsub'
const CONNECT_TIMEOUT_MS = 5_000
const QUERY_TIMEOUT_MS = 5_000
/** A connection that died without a word is noticed after at most this plus `QUERY_TIMEOUT_MS`. */
const PING_EVERY_MS = 15_000
const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 5_000

/**
 * One connection of its own that listens and notifies. `databaseUrl` must reach the server itself:
 * a transaction pooler forgets LISTEN.
 */
export const postgresTransport =
  (databaseUrl: string) =>
  (hooks: TransportHooks): Transport => {
    const warn = seldomWarn(hooks.log)
    let current: Client | undefined
    let closed = false
    let failures = 0
    let retry: NodeJS.Timeout | undefined
    const dropped = new WeakSet<Client>()

    const drop = (client: Client, thrown: unknown) => {
      // A dying connection says so several times: one new try for each of them.
      if (dropped.has(client)) return
      dropped.add(client)
      if (client === current) {
        current = undefined
        hooks.link('down')
      }
      void client.end().catch(() => undefined)
      if (closed) return
      warn({ error: messageOf(thrown) }, 'The pubsub connection to PostgreSQL is away; it is tried again')
      clearTimeout(retry)
      retry = setTimeout(() => void connect(), retryDelayMs(failures++)).unref()
    }
    const connect = async () => {
      const client = newClient(databaseUrl, hooks.text, (thrown) => drop(client, thrown))
      try {
        await client.connect()
        await client.query(`LISTEN ${NOTIFY_CHANNEL}`)
        if (closed) {
          await client.end()
          return
        }
        current = client
        failures = 0
        hooks.link('up')
      } catch (thrown) {
        drop(client, thrown)
      }
    }
    const ping = setInterval(() => {
      const client = current
      client?.query('select 1').catch((thrown: unknown) => drop(client, thrown))
    }, PING_EVERY_MS).unref()
    void connect()

    return {
      async send(texts) {
        if (!current) throw new Error('Not connected.')
        await current.query('select pg_notify($1, frame) from unnest($2::text[]) as frame', [
          NOTIFY_CHANNEL,
          frameTexts(texts),
        ])
      },
      check: async () => (current ? { ok: true } : { ok: false, detail: 'No connection to PostgreSQL for messages.' }),
      async close() {
        closed = true
        clearTimeout(retry)
        clearInterval(ping)
        await current?.end().catch(() => undefined)
      },
    }
  }

/** `lost` is called at least once, whatever ends the connection. */
function newClient(databaseUrl: string, text: (text: string) => void, lost: (thrown: unknown) => void): Client {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  })
  const read = createFrameReader(text)
  client.on('notification', ({ payload }) => read(payload ?? ''))
  client.on('error', lost)
  client.on('end', () => lost(new Error('The server ended the connection.')))
  return client
}

const retryDelayMs = (failures: number) =>
  Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2)
