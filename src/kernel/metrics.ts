import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Prometheus metrics behind the kernel; names start with `tutti_`. */
export type Metrics = {
  counter(
    name: string,
    help: string,
    labels?: readonly string[],
  ): (labels?: Record<string, string>, by?: number) => void
  gauge(name: string, help: string, read: () => number | Promise<number>): void
  histogram(
    name: string,
    help: string,
    o: { labels?: readonly string[]; buckets: readonly number[] },
  ): (labels: Record<string, string>, value: number) => void
  text(): Promise<string>
  readonly contentType: string
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'tutti_' })
  const registers = [registry]
  return {
    counter(name, help, labels = []) {
      const c = new Counter({ name: `tutti_${name}`, help, labelNames: [...labels], registers })
      return (values = {}, by = 1) => c.inc(values, by)
    },
    gauge(name, help, read) {
      const g: Gauge = new Gauge({
        name: `tutti_${name}`,
        help,
        registers,
        collect: async () => g.set(await read()),
      })
    },
    histogram(name, help, o) {
      const h = new Histogram({
        name: `tutti_${name}`,
        help,
        labelNames: [...(o.labels ?? [])],
        buckets: [...o.buckets],
        registers,
      })
      return (labels, value) => h.observe(labels, value)
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
