import { op } from '#kernel/contract.ts'
import { Empty, Nullable, OneOf, Strict, Text, Type } from '#kernel/schema.ts'
import { Email, GivenPassword, Password } from '#modules/identity/accounts/fields.ts'
import { Session, User } from '#modules/identity/things.ts'

/** Of a link in a mail: it stands behind the `#` there, so that no server sees it before its owner uses it. */
const Token = Text(100, { description: 'What stands behind `#token=` in the link that came by mail' })

const changing = { auth: 'user', credential: 'session', rate: 'auth', idempotent: false } as const
const open = { auth: 'anyone', tolerant: true, rate: 'auth', idempotent: false } as const

/** Passwords, e-mails and the links that prove them: part of the contract `identity`. */
export const recoveryOperations = {
  forgotPassword: op({
    ...open,
    method: 'POST',
    path: '/auth/forgot-password',
    status: 202,
    summary: 'Have a link sent by which a new password can be chosen',
    description:
      'The answer is the same whether an account has this e-mail or not. The link leads to /reset#token=… of the web app, works once and for an hour.',
    input: Strict({ email: Email }),
    output: Type.Object({
      delivery: OneOf(['mail', 'log'], {
        description: 'Where letters of this server go: without a mail server, into its log',
      }),
    }),
  }),
  resetPassword: op({
    ...open,
    method: 'POST',
    path: '/auth/reset-password',
    status: 204,
    summary: 'Choose a new password with the token of a mailed link; ends all sessions',
    input: Strict({ token: Token, password: Password }),
    output: Empty,
  }),
  verifyEmail: op({
    ...open,
    method: 'POST',
    path: '/auth/verify-email',
    status: 200,
    summary: 'Prove an e-mail with the token of a mailed link; a change of e-mail takes effect by this',
    input: Strict({ token: Token }),
    output: Type.Object({ emailVerified: Type.Boolean() }),
  }),
  resendVerification: op({
    ...changing,
    method: 'POST',
    path: '/auth/verify-email/resend',
    status: 202,
    summary: 'Have the link sent again by which your e-mail is proven',
    input: Empty,
    output: Type.Object({ emailVerified: Type.Boolean({ description: 'True: nothing was sent, all is well' }) }),
  }),
  changePassword: op({
    ...changing,
    method: 'POST',
    path: '/auth/change-password',
    status: 200,
    summary: 'Choose another password; ends your other sessions, this one goes on with new tokens',
    input: Strict({
      currentPassword: Type.Optional(GivenPassword),
      newPassword: Password,
    }),
    inputAliases: { current_password: 'currentPassword', new_password: 'newPassword' },
    description:
      'An account that signs in only with others sets its first password without `currentPassword`, within ten minutes of signing in.',
    output: Session,
  }),
  changeEmail: op({
    ...changing,
    method: 'POST',
    path: '/auth/change-email',
    status: 200,
    summary: 'Take another e-mail',
    description:
      'Where mail is sent, the new address takes effect when its link is used, and the answer does not tell whether another account has it. Where none is sent it takes effect at once. An account without a password gives none, within ten minutes of signing in.',
    input: Strict({ email: Email, password: Type.Optional(GivenPassword) }),
    output: Type.Object({
      user: User,
      pendingEmail: Nullable(Type.String({ description: 'Takes effect when the link that was sent there is used' })),
    }),
  }),
}
