/** Why a sign-in with others did not work, by the code that came back. */
const REFUSALS: Readonly<Record<string, string>> = {
  flow_invalid: 'This took too long, or was begun in another browser. Begin again.',
  sign_in_cancelled: 'You have not agreed at the provider. Sign in again if you want to.',
  provider_refused: 'The provider did not confirm who you are. Try again, or sign in another way.',
  provider_unreachable: 'The provider does not answer right now. Try again in a moment.',
  account_blocked: 'This account is blocked. Ask the admin of this server.',
}

/** A sentence for a code; '' for none. What came in the address is never shown as it stands. */
export const refusalOf = (code: string | null, otherwise = 'The sign-in did not work. Begin again.'): string =>
  code === null ? '' : (REFUSALS[code] ?? otherwise)
