import { bytes } from '#lib/upload/speed.ts'
import type { Room } from './room.ts'

/** Why something cannot be kept for want of room, in one sentence that says what to do. */
export const refusal = (wantedBytes: number, { bound, freeBytes }: Room): string =>
  bound === 'limit'
    ? `This takes ${bytes(wantedBytes)}, but only ${bytes(freeBytes)} are left of what you allow: remove something, choose a smaller quality or raise the limit.`
    : `This takes ${bytes(wantedBytes)}, but the browser has only ${bytes(freeBytes)} left for it: remove something or choose a smaller quality.`
