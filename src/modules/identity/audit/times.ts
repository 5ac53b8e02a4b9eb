/** The milliseconds that a UUIDv7 begins with. */
const MS_DIGITS = 12

const uuidOf = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

/** The lowest id of that millisecond: all made before are lower, all made from then on are not. */
export const idAt = (at: Date): string => uuidOf(at.getTime().toString(16).padStart(MS_DIGITS, '0').padEnd(32, '0'))

/** When a UUIDv7 was made. */
export const timeOfId = (id: string): Date => new Date(Number.parseInt(id.replaceAll('-', '').slice(0, MS_DIGITS), 16))
