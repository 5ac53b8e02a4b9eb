import { messageOf } from '#kernel/errors.ts'
import { url } from './schema.ts'

/** An OpenID Connect provider people may sign in with: `OIDC_<NAME>_ISSUER`, `_CLIENT_ID`, `_CLIENT_SECRET`, `_LABEL`. */
export type OidcProvider = {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
  /** What the button says; the name when absent. */
  readonly label: string
}

const ISSUER = /^OIDC_([A-Z0-9]+)_ISSUER$/

/** Providers by lower-case name. `read` gives the text of a variable (or of the file that `<NAME>_FILE` names). */
export function readProviders(
  names: readonly string[],
  read: (name: string) => string | undefined,
  faults: string[],
): Record<string, OidcProvider> {
  const found = names.flatMap((variable) => {
    const name = ISSUER.exec(variable)?.[1]
    const issuer = read(variable)
    if (!name || !issuer) return []
    const provider = readProvider(name, issuer, read, faults)
    return provider ? [[name.toLowerCase(), provider] as const] : []
  })
  return Object.fromEntries(found)
}

function readProvider(
  name: string,
  issuer: string,
  read: (name: string) => string | undefined,
  faults: string[],
): OidcProvider | undefined {
  const clientId = read(`OIDC_${name}_CLIENT_ID`)
  if (!clientId) faults.push(`OIDC_${name}_CLIENT_ID is needed beside OIDC_${name}_ISSUER`)
  try {
    url('http', 'https')(issuer)
  } catch (thrown) {
    faults.push(`OIDC_${name}_ISSUER ${messageOf(thrown)}, but is "${issuer}"`)
    return undefined
  }
  if (!clientId) return undefined
  const label = read(`OIDC_${name}_LABEL`) ?? name.charAt(0) + name.slice(1).toLowerCase()
  return { issuer, clientId, clientSecret: read(`OIDC_${name}_CLIENT_SECRET`) || undefined, label }
}
