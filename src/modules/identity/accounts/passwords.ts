import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { unavailable } from '#kernel/errors.ts'

const derive = promisify(argon2)

/** OWASP's choice for argon2id: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const
const NONCE_BYTES = 16
/** Hashes at once; more wait, so that a flood of sign-ins cannot take every thread and much memory. */
const PLACES = 2
const WAITING_MAX = 200

let free = PLACES
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (waiting.length >= WAITING_MAX)
    throw unavailable('busy', 'Too many people are signing in at once: try again in a moment.', 2)
  if (free > 0) free -= 1
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
}

/** In the PHC form `$argon2id$v=19$m=…,t=…,p=…$nonce$tag`, so that the cost can rise later. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(NONCE_BYTES)
  const tag = await inTurn(() => derive('argon2id', { message: password.normalize('NFKC'), nonce, ...COST }))
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${nonce.toString('base64url')}$${tag.toString('base64url')}`
}

/** Takes as long for no hash at all as for a wrong password: an answer's time does not tell who exists. */
export async function verifyPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  const known = parse(hash ?? '')
  const { memory, passes, parallelism, nonce, tag } = known ?? {
    ...COST,
    nonce: Buffer.alloc(NONCE_BYTES),
    tag: Buffer.alloc(COST.tagLength),
  }
  const found = await inTurn(() =>
    derive('argon2id', {
      message: password.normalize('NFKC'),
      nonce,
      memory,
      passes,
      parallelism,
      tagLength: tag.length,
    }),
  )
  return timingSafeEqual(found, tag) && known !== undefined
}

function parse(hash: string) {
  const m = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/.exec(hash)
  if (!m) return undefined
  const [, memory, passes, parallelism, nonce, tag] = m as unknown as [string, string, string, string, string, string]
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64url'),
    tag: Buffer.from(tag, 'base64url'),
  }
}

/** The most used passwords of at least eight characters, and what nobody should call a secret here. */
const COMMON = new Set(
  (
    'password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 11111111 00000000 87654321 88888888 ' +
    'qwertyui qwertyuiop qwerty123 qwerty12 1q2w3e4r 1qaz2wsx q1w2e3r4 asdfghjk asdfghjkl zxcvbnm1 abcd1234 abc12345 a1b2c3d4 abcdefgh ' +
    'iloveyou princess sunshine football baseball superman letmein1 welcome1 trustno1 starwars computer michelle jennifer whatever dragon12 ' +
    'monkey12 changeme admin123 administrator master12 samsung1 internet 12341234 123123123 147258369 987654321 tuttitutti music123'
  ).split(' '),
)

/** Why a password is refused, or undefined. `about`: words of the person, which are no secret. */
export function passwordFault(password: string, about: readonly string[]): string | undefined {
  const plain = password.toLowerCase()
  if (COMMON.has(plain))
    return 'This password is one of the most used ones: choose another, such as three or four words.'
  if (new Set(plain).size < 4) return 'This password repeats itself: choose one with more different characters.'
  if (about.some((word) => word.length > 3 && plain === word.toLowerCase()))
    return 'The password must not be your name or e-mail.'
  return undefined
}
