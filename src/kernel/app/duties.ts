import { createRelay, pruneEvents } from '#kernel/events/relay.ts'
import { createIdempotency } from '#kernel/http/idempotency.ts'
import { cpuPlacesFor, createJobs, pruneJobs } from '#kernel/jobs/index.ts'
import type { Log } from '#kernel/log.ts'
import type { Closers } from './closers.ts'
import { startCron } from './cron.ts'
import type { Ports } from './ports.ts'
import type { AppOptions } from './types.ts'
import type { Wired } from './wire.ts'

const EVENTS_CHANNEL = 'kernel.events'
const HOUR_MS = 3_600_000

export type EventFlow = { wake: () => void; onWake: (read: () => void) => void }

/** Commits wake the readers of events here and, through pubsub, in the other processes. */
export function eventFlow(ports: Ports, log: Log): EventFlow {
  const readers: (() => void)[] = []
  ports.pubsub.subscribe(EVENTS_CHANNEL, () => {
    for (const read of readers) read()
  })
  return {
    wake: () =>
      void ports.pubsub
        .publish(EVENTS_CHANNEL, null)
        .catch((err: unknown) => log.warn({ err }, 'waking the readers of events failed')),
    onWake: (f) => readers.push(f),
  }
}

/** What this process does besides answering: jobs and event handlers, periodic tasks. */
export async function startDuties(
  o: AppOptions,
  p: Ports,
  wired: readonly Wired[],
  events: EventFlow,
  closers: Closers,
): Promise<void> {
  if (o.duties.has('jobs')) {
    await startJobs(o, p, wired, closers)
    startRelay(o, p, wired, events, closers)
  }
  if (!o.duties.has('cron')) return
  const own = [
    { name: 'kernel.rotate-keys', everyMs: HOUR_MS, run: () => p.keys.rotate() },
    { name: 'kernel.prune-events', everyMs: HOUR_MS, run: () => pruneEvents(p.db.kysely) },
    { name: 'kernel.prune-jobs', everyMs: HOUR_MS, run: () => pruneJobs(p.db.pool) },
    { name: 'kernel.prune-idempotency', everyMs: HOUR_MS, run: () => createIdempotency(p.db.pool).prune() },
  ]
  const cron = startCron([...own, ...wired.flatMap((w) => w.running.cron ?? [])], p.db.pool, o.log)
  closers.add('periodic tasks', () => cron.stop())
}

async function startJobs(o: AppOptions, p: Ports, wired: readonly Wired[], closers: Closers): Promise<void> {
  const jobs = await createJobs({
    pool: p.db.pool,
    url: p.url,
    directUrl: p.directUrl,
    log: o.log,
    pubsub: p.pubsub,
    handlers: wired.flatMap((w) => w.running.jobs ?? []),
    cpuPlaces: cpuPlacesFor(o.config.analysisWorkers),
  })
  closers.add('jobs', () => jobs.stop())
}

function startRelay(o: AppOptions, p: Ports, wired: readonly Wired[], events: EventFlow, closers: Closers): void {
  const relay = createRelay({
    db: p.db.kysely,
    log: o.log,
    subscribers: wired.map((w) => ({ module: w.module.name, on: w.running.on ?? [] })),
  })
  events.onWake(() => relay.wake())
  closers.add('events', () => relay.stop())
}
