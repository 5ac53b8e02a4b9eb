export type Letter = {
  /** One bare address, `ann@example.org`. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

const ADDRESS_LENGTH_MAX = 254
const SUBJECT_LENGTH_MAX = 200
/** One address without quotes, comments, lists or names: nothing in it can be taken for a second one. */
const BARE_ADDRESS = /^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()\\,;"\p{Cc}]+$/u
const CONTROL = /\p{Cc}/u

/** Throws unless address and subject are what they seem: no line of a letter's head can be made from outside. */
export function assertLetter({ to, subject }: Letter): void {
  if (to.length > ADDRESS_LENGTH_MAX || !BARE_ADDRESS.test(to)) throw new Error('not an address that mail is sent to')
  if (subject.length > SUBJECT_LENGTH_MAX || CONTROL.test(subject)) throw new Error('not a subject of mail')
}
