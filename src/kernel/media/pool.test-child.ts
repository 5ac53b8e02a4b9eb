/** A pool member for tests: echoes, crashes, hangs or fills memory on demand. */
import { unprocessable } from '#kernel/errors.ts'
import { serve } from './children/serve.ts'

const WORK: Record<string, () => unknown> = {
  crash: () => process.kill(process.pid, 'SIGSEGV'),
  hang: () => {
    for (;;);
  },
  fault: () => {
    throw unprocessable('test_fault', 'A fault.')
  },
  fill: () => {
    const kept: Buffer[] = []
    for (;;) kept.push(Buffer.alloc(16 * 1024 ** 2, 1))
  },
  pid: () => process.pid,
  environment: () => Object.keys(process.env),
}
serve((task) => Promise.resolve().then(() => WORK[task as string]?.() ?? task))
