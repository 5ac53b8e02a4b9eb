import type { Quality, User } from '#client/index.ts'
import type { GainMode } from '#lib/player/gain.ts'
import { readJson, writeJson } from '#lib/storage.ts'

export type Theme = User['preferences']['theme']
export type Settings = {
  theme: Theme
  /** `auto`: as good as the network carries. */
  quality: Quality | 'auto'
  loudness: GainMode
  preampDb: number
  /** Seconds that songs sound together; 0 for one right after the other. */
  crossfadeSec: number
  scene: string
}

const DEFAULTS: Settings = {
  theme: 'system',
  quality: 'auto',
  loudness: 'album',
  preampDb: 0,
  crossfadeSec: 0,
  scene: 'corona',
}
const isObject = (value: unknown): value is Partial<Settings> => typeof value === 'object' && value !== null

type Kept = Partial<Settings> & { matchLoudness?: boolean }
/** Before albums were told apart, loudness was matched or not. */
function readKept(): Partial<Settings> {
  const { matchLoudness, ...kept }: Kept = readJson('settings', isObject) ?? {}
  return { ...(matchLoudness === false && { loudness: 'off' }), ...kept }
}

/** Kept on this device; the theme is the account's, kept here too so that the first picture has it. */
export const settings: Settings = $state({ ...DEFAULTS, ...readKept() })

/** Takes over what the account has chosen, perhaps on another device. */
export function followAccount(preferences: User['preferences']): void {
  settings.theme = preferences.theme
}

/** Writes settings down and puts the theme on the page whenever they change; call once, from a component. */
export function keepSettings(): void {
  $effect(() => writeJson('settings', settings))
  $effect(() => {
    const { theme } = settings
    document.documentElement.style.colorScheme = theme === 'system' ? '' : theme
    document.documentElement.dataset['theme'] = theme
  })
}
