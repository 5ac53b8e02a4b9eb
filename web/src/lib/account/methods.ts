/** In the midst of a sentence. */
const NAMES: Readonly<Record<string, string>> = {
  password: 'password',
  spotify: 'Spotify',
  bearer: 'an outside issuer',
}

/** How somebody signed in, in words: `password`, `spotify`, `oidc:company`. */
export function methodName(method: string): string {
  const [kind, name] = method.split(':')
  return NAMES[kind ?? ''] ?? (name ? name.charAt(0).toUpperCase() + name.slice(1) : method)
}
