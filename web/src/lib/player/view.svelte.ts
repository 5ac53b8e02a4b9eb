import { player } from './player.svelte.ts'

export type Panel = 'art' | 'queue' | 'lyrics'
/** What lies over the pages. */
export const view: { nowPlaying: boolean; panel: Panel; visual: boolean } = $state({
  nowPlaying: false,
  panel: 'art',
  visual: false,
})

export function openNowPlaying(panel: Panel = 'art'): void {
  if (!player.song) return
  view.panel = panel
  view.nowPlaying = true
}
export function toggleNowPlaying(panel: Panel): void {
  if (view.nowPlaying && view.panel === panel) view.nowPlaying = false
  else openNowPlaying(panel)
}
export function toggleVisual(): void {
  view.visual = !view.visual && player.song !== null
}
/** Closes what lies on top; false when nothing did. */
export function closeTop(): boolean {
  if (view.visual) view.visual = false
  else if (view.nowPlaying) view.nowPlaying = false
  else return false
  return true
}
