import pino, { type Logger } from 'pino'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & { child(bindings: object): Log }

/** Field names whose values never reach a log, at any of these depths. */
const SECRET_FIELDS = [
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'setupCode',
  'secret',
  'link',
  'apiKey',
  'bearer',
  'email',
  'geohash',
]
const paths = SECRET_FIELDS.flatMap((f) => [f, `*.${f}`, `*.*.${f}`])

/**
 * JSON lines on standard error by default; people at a terminal get one readable line each.
 * Standard output stays free for answers of commands. `write` takes the JSON lines instead.
 */
export function createLog(o: { level: string; pretty: boolean; write?: (line: string) => void }): Log {
  const options = {
    level: o.level,
    base: null,
    redact: { paths, censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  if (o.write) return pino(options, { write: o.write })
  if (!o.pretty) return pino(options, pino.destination({ fd: 2, sync: false }))
  return pino(options, { write: (line) => process.stderr.write(readable(JSON.parse(line) as Line)) })
}

type Line = { level: number; time: string; msg?: string; err?: { message?: string; stack?: string }; module?: string }
const NAMES: Record<number, string> = { 20: 'debug', 30: '     ', 40: 'warn ', 50: 'ERROR', 60: 'FATAL' }

/** One line of time, level, module and message; the rest as short JSON. */
function readable({ level, time, msg, err, module, ...rest }: Line): string {
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''
  const trace = err ? ` ${level >= 50 ? (err.stack ?? err.message) : err.message}` : ''
  return `${time.slice(11, 19)} ${NAMES[level] ?? level} ${module ? `[${module}] ` : ''}${msg ?? ''}${trace}${more}\n`
}
