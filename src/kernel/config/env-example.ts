import { readFileSync, writeFileSync } from 'node:fs'
import type { Setting } from './schema.ts'
import { settings } from './settings.ts'

/** Settings that carry a name of your own; `providers.ts` reads them. */
const PROVIDERS = [
  '# Sign-in with any OpenID Connect provider, each under a name of its own (here GOOGLE)',
  '#OIDC_GOOGLE_ISSUER=https://accounts.google.com',
  '#OIDC_GOOGLE_CLIENT_ID=',
  '#OIDC_GOOGLE_CLIENT_SECRET=',
  '# What its button says, when it is not the name',
  '#OIDC_GOOGLE_LABEL=Google',
]

/** The text of `.env.example`, made from the settings so that it cannot fall behind them. */
export function envExample(): string {
  const all = Object.values(settings) as Setting<unknown>[]
  const groups = [...new Set(all.map((s) => s.group))]
  const lines = groups.flatMap((g) => [
    `# --- ${g} ---`,
    ...all.filter((s) => s.group === g).flatMap(lineOf),
    ...(g === 'sign-in' ? PROVIDERS : []),
    '',
  ])
  return `# Every setting of Tutti; none is needed. Made by \`npm run env:example\`.\n# Any NAME may also be given as NAME_FILE, a file that holds the value.\n\n${lines.join('\n')}`
}

function lineOf(s: Setting<unknown>): string[] {
  const { fallback } = s
  const value = s.example ?? (isPlain(fallback) ? `${fallback}` : '')
  const also = s.aliases ? ` (also read: ${s.aliases.join(', ')})` : ''
  return [`# ${s.about}${also}`, `#${s.env}=${value}`]
}

const isPlain = (v: unknown): v is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof v)

if (import.meta.main) {
  const file = '.env.example'
  if (!process.argv.includes('--check')) writeFileSync(file, envExample())
  else if (readFileSync(file, 'utf8') !== envExample()) {
    process.stderr.write('.env.example is not what the settings say; run `npm run env:example`.\n')
    process.exitCode = 1
  }
}
