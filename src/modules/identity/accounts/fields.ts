import { Type } from '#kernel/schema.ts'

export const PASSWORD_LENGTH_MIN = 8
export const PASSWORD_LENGTH_MAX = 256
/** No rule, but what makes guessing hopeless. */
export const PASSWORD_LENGTH_ADVISED = 15

export const Username = Type.String({ minLength: 3, maxLength: 20, pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$' })
export const Email = Type.String({ format: 'email', maxLength: 254 })
/** One that is chosen. */
export const Password = Type.String({
  minLength: PASSWORD_LENGTH_MIN,
  maxLength: PASSWORD_LENGTH_MAX,
  pattern: '^[^\\u0000]*$',
  description: `${PASSWORD_LENGTH_ADVISED} characters or more are advised; common and breached passwords are refused (weak_password)`,
})
/** One that is proven: older rules than today's may have made it. */
export const GivenPassword = Type.String({ minLength: 1, maxLength: PASSWORD_LENGTH_MAX })
