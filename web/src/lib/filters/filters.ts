import type { Input } from '#client/index.ts'

type Asked = Input<'songs', 'listSongs'>
/** What of the list's filters the page offers; each stands in the address, so that a filtered list can be sent on. */
export type SongFilters = Pick<
  Asked,
  'genre' | 'yearMin' | 'yearMax' | 'mood' | 'key' | 'bpmMin' | 'bpmMax' | 'energyMin' | 'energyMax' | 'tag'
>
export type FilterName = keyof SongFilters
export type MoodName = NonNullable<SongFilters['mood']>

const NUMBERS = ['yearMin', 'yearMax', 'bpmMin', 'bpmMax', 'energyMin', 'energyMax'] as const
const TEXTS = ['genre', 'mood', 'key', 'tag'] as const
export const NAMES: readonly FilterName[] = [...TEXTS, ...NUMBERS]

/** Estimated from the analysis: from lively and bright to slow and dark. */
export const MOODS: readonly MoodName[] = [
  'happy',
  'energetic',
  'calm',
  'romantic',
  'sad',
  'angry',
  'fearful',
  'surprised',
  'neutral',
]
export const BPM = { min: 40, max: 220 } as const
export const YEAR_FIRST = 1900
const MINOR = ['A♭', 'E♭', 'B♭', 'F', 'C', 'G', 'D', 'A', 'E', 'B', 'F♯', 'D♭']
const MAJOR = ['B', 'F♯', 'D♭', 'A♭', 'E♭', 'B♭', 'F', 'C', 'G', 'D', 'A', 'E']
/** Keys in the order of the Camelot wheel, `8A` being A minor: neighbours mix well. */
export const KEYS = MINOR.flatMap((minor, i) => [
  [`${i + 1}A`, `${minor} minor`] as const,
  [`${i + 1}B`, `${MAJOR[i]} major`] as const,
])

/** The filters of an address; what is none is left out. */
export function filtersOf(query: URLSearchParams): SongFilters {
  const found: Record<string, string | number> = {}
  for (const name of TEXTS) {
    const value = query.get(name)
    if (value) found[name] = value
  }
  for (const name of NUMBERS) {
    const value = query.get(name)
    if (value !== null && value !== '' && Number.isFinite(Number(value))) found[name] = Number(value)
  }
  return found
}

/** The same address with other filters; undefined takes one away. */
export function withFilters(
  query: URLSearchParams,
  changed: Partial<Record<FilterName, string | number | undefined>>,
): URLSearchParams {
  const next = new URLSearchParams(query)
  for (const [name, value] of Object.entries(changed)) {
    if (value === undefined || value === '') next.delete(name)
    else next.set(name, String(value))
  }
  return next
}

const range = (min: number | undefined, max: number | undefined, unit: string): string => {
  if (min !== undefined && max !== undefined) return min === max ? `${min}${unit}` : `${min}–${max}${unit}`
  return min !== undefined ? `from ${min}${unit}` : `up to ${max}${unit}`
}
const percent = (share: number | undefined) => (share === undefined ? undefined : Math.round(share * 100))

export type Active = { label: string; takes: FilterName[] }
/** What is set, in words; each with what taking it away takes. */
export function activeOf(f: SongFilters): Active[] {
  const active: Active[] = []
  if (f.genre) active.push({ label: f.genre, takes: ['genre'] })
  if (f.mood) active.push({ label: f.mood, takes: ['mood'] })
  if (f.key) active.push({ label: f.key, takes: ['key'] })
  if (f.tag) active.push({ label: `#${f.tag}`, takes: ['tag'] })
  if (f.yearMin !== undefined || f.yearMax !== undefined)
    active.push({ label: range(f.yearMin, f.yearMax, ''), takes: ['yearMin', 'yearMax'] })
  if (f.bpmMin !== undefined || f.bpmMax !== undefined)
    active.push({ label: range(f.bpmMin, f.bpmMax, ' BPM'), takes: ['bpmMin', 'bpmMax'] })
  if (f.energyMin !== undefined || f.energyMax !== undefined)
    active.push({
      label: `energy ${range(percent(f.energyMin), percent(f.energyMax), ' %')}`,
      takes: ['energyMin', 'energyMax'],
    })
  return active
}
