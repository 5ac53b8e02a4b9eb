import type { Scene } from './common.ts'
import { corona } from './corona.ts'
import { murmuration } from './murmuration.ts'
import { strata } from './strata.ts'
import { tide } from './tide.ts'

export { HISTORY_ROWS, HISTORY_STEP_SEC, type Scene } from './common.ts'
export const SCENES: readonly Scene[] = [corona, murmuration, tide, strata]
export const sceneById = (id: string): Scene => SCENES.find((s) => s.id === id) ?? corona
