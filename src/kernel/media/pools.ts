import { AppError } from '#kernel/errors.ts'
import {
  IMAGE_RECYCLE_AFTER,
  IMAGE_TIMEOUT_MS,
  POOL_IDLE_MS,
  RUN_MEMORY_MAX_BYTES,
  TAG_BATCH_FILES,
  TAG_HEAP_MAX_MB,
  TAG_POOL_SIZE,
  TAG_RECYCLE_AFTER,
  TAG_TIMEOUT_MS,
  TIMELINE_IDLE_MS,
  TIMELINE_TIMEOUT_MS,
} from './bounds.ts'
import { mediaTimeout, mediaTooLarge } from './faults.ts'
import { createPool, type Pool } from './pool.ts'
import type { Lost } from './pool-child.ts'

type Times = { readonly idleMs?: number | undefined; readonly tagTimeoutMs?: number | undefined }

const LOST_TEXT: Record<Lost, AppError> = {
  timeout: mediaTimeout(TAG_TIMEOUT_MS),
  memory: mediaTooLarge('Reading the file took more memory than is allowed.'),
  crashed: new AppError(422, 'media_crashed', 'The file crashed the process that read it: it is damaged or hostile.'),
}
const lost = (reason: Lost): AppError => LOST_TEXT[reason]

export const tagPool = (o: Times): Pool =>
  createPool({
    script: new URL('./children/tags.ts', import.meta.url),
    size: TAG_POOL_SIZE,
    batch: TAG_BATCH_FILES,
    heapMaxMb: TAG_HEAP_MAX_MB,
    memoryMaxBytes: RUN_MEMORY_MAX_BYTES,
    timeoutMs: o.tagTimeoutMs ?? TAG_TIMEOUT_MS,
    idleMs: o.idleMs ?? POOL_IDLE_MS,
    recycleAfter: TAG_RECYCLE_AFTER,
    waitingMax: 100_000,
    lost,
  })
/** Apart from the tags: what reads a whole file must not hold up those that read little. */
export const timelinePool = (o: Times): Pool =>
  createPool({
    script: new URL('./children/timeline.ts', import.meta.url),
    size: 1,
    batch: 1,
    heapMaxMb: TAG_HEAP_MAX_MB,
    memoryMaxBytes: RUN_MEMORY_MAX_BYTES,
    timeoutMs: TIMELINE_TIMEOUT_MS,
    idleMs: o.idleMs ?? TIMELINE_IDLE_MS,
    recycleAfter: TAG_RECYCLE_AFTER,
    waitingMax: 1000,
    lost,
  })
export const imagePool = (o: Times): Pool =>
  createPool({
    script: new URL('./children/image.ts', import.meta.url),
    size: 1,
    batch: 1,
    heapMaxMb: TAG_HEAP_MAX_MB,
    memoryMaxBytes: RUN_MEMORY_MAX_BYTES * 2,
    timeoutMs: IMAGE_TIMEOUT_MS,
    idleMs: o.idleMs ?? POOL_IDLE_MS,
    recycleAfter: IMAGE_RECYCLE_AFTER,
    waitingMax: 1000,
    lost,
  })
