import { createHash, timingSafeEqual } from 'node:crypto'

/** What is stored of a secret of 128 random bits or more: such need no slow hash. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Takes as long whatever is different, and wherever. */
export const isSameText = (a: string, b: string): boolean => timingSafeEqual(hashOf(a), hashOf(b))
