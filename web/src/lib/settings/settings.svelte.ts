import type { Quality } from '#client/index.ts'
import { readJson, writeJson } from '#lib/storage.ts'

export type Theme = 'system' | 'light' | 'dark'
export type Settings = { theme: Theme; quality: Quality; matchLoudness: boolean; scene: string }

const DEFAULTS: Settings = { theme: 'system', quality: 'original', matchLoudness: true, scene: 'corona' }
const isObject = (value: unknown): value is Partial<Settings> => typeof value === 'object' && value !== null

export const settings: Settings = $state({ ...DEFAULTS, ...readJson('settings', isObject) })

/** Writes settings down and puts the theme on the page whenever they change; call once, from a component. */
export function keepSettings(): void {
  $effect(() => writeJson('settings', settings))
  $effect(() => {
    const { theme } = settings
    document.documentElement.style.colorScheme = theme === 'system' ? '' : theme
    document.documentElement.dataset['theme'] = theme
  })
}
