export type Match<Name extends string> = { name: Name; params: Readonly<Record<string, string>> }

function matchOne(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  if (wanted.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? ''
    if (!part.startsWith(':')) {
      if (part !== value) return null
      continue
    }
    try {
      params[part.slice(1)] = decodeURIComponent(value)
    } catch {
      return null
    }
  }
  return params
}

/** First pattern (`/albums/:id`) that fits a path; null when none does. */
export function matchRoute<const Name extends string>(
  patterns: Readonly<Record<Name, string>>,
  path: string,
): Match<Name> | null {
  for (const [name, pattern] of Object.entries(patterns) as [Name, string][]) {
    const params = matchOne(pattern, path)
    if (params) return { name, params }
  }
  return null
}
