import { readMine, writeMine } from '#lib/storage.ts'

const PAST_MAX = 10
const areTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((t) => typeof t === 'string')

/** Searches that led somewhere, latest first; kept in this browser only. */
export const pastSearches = (): string[] => readMine('searches', areTexts) ?? []

export function rememberSearch(text: string): string[] {
  const past = [text, ...pastSearches().filter((t) => t !== text)].slice(0, PAST_MAX)
  writeMine('searches', past)
  return past
}

export function forgetSearches(): string[] {
  writeMine('searches', [])
  return []
}
