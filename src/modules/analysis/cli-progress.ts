/** How far the command is, on standard error: one line that changes on a terminal, one line a file elsewhere. */
import type { Analyzed } from './cli.ts'
import { time } from './cli-text.ts'

export type Progress = { ended(answer: Analyzed): void; stop(): void }

const REDRAW_MS = 200
const CLEAR = '\r\x1b[K'

const say = (text: string): void => void process.stderr.write(text)

export function createProgress(total: number, o: { isQuiet: boolean }): Progress {
  const startedAt = performance.now()
  const isTerminal = process.stderr.isTTY
  let done = 0
  let heardSec = 0
  let drawnAt = -REDRAW_MS
  function draw(): void {
    const tookSec = (performance.now() - startedAt) / 1000
    const left = done > 0 ? `, ${time((tookSec / done) * (total - done))} left` : ''
    say(`${CLEAR}${done} of ${total} files, ${time(heardSec)} of music at ${Math.round(heardSec / tookSec)}×${left}`)
    drawnAt = performance.now()
  }
  return {
    ended({ file, ...found }) {
      done++
      if ('durationSec' in found) heardSec += found.durationSec
      const outcome = 'error' in found ? `failed: ${found.error}` : 'analysed'
      // Faults are told whatever else is wished.
      if (o.isQuiet && !('error' in found)) return
      if (!isTerminal || o.isQuiet) say(`[${done}/${total}] ${file} ${outcome}\n`)
      else if ('error' in found) say(`${CLEAR}${file} ${outcome}\n`)
      else if (performance.now() - drawnAt >= REDRAW_MS) draw()
    },
    stop: () => {
      if (isTerminal && !o.isQuiet && done > 0) say(CLEAR)
    },
  }
}
