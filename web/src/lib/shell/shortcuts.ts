import { player } from '#lib/player/player.svelte.ts'
import { closeTop, toggleNowPlaying, toggleVisual, view } from '#lib/player/view.svelte.ts'
import { go } from '#lib/router/router.svelte.ts'
import { openHelp } from './help.svelte.ts'

const SEEK_STEP_SEC = 5
const VOLUME_STEP = 0.05

/** Keys that mean something to what has the focus are left to it. */
function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null
  return Boolean(element?.closest?.('input, textarea, select, [contenteditable], [role=slider], [role=menu], dialog[open]'))
}
const isPressable = (target: EventTarget | null) => Boolean((target as HTMLElement | null)?.closest?.('button, a'))

const plain: Record<string, () => void> = {
  ArrowLeft: () => player.seekBy(-SEEK_STEP_SEC),
  ArrowRight: () => player.seekBy(SEEK_STEP_SEC),
  ArrowUp: () => player.setVolume(player.volume + VOLUME_STEP),
  ArrowDown: () => player.setVolume(player.volume - VOLUME_STEP),
  m: () => player.toggleMute(),
  s: () => player.toggleShuffle(),
  r: () => player.cycleRepeat(),
  n: () => toggleNowPlaying('art'),
  q: () => toggleNowPlaying('queue'),
  l: () => toggleNowPlaying('lyrics'),
  v: () => toggleVisual(),
  '?': () => openHelp(),
  '/': () => {
    view.nowPlaying = false
    view.visual = false
    go('/search')
  },
}
const shifted: Record<string, () => void> = { ArrowLeft: () => player.previous(), ArrowRight: () => player.next() }

/** The keyboard of the whole app. Answers how to stop. */
export function startShortcuts(): () => void {
  const onkeydown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (event.key === 'Escape') return void (closeTop() && event.preventDefault())
    if (event.key === ' ' && !isPressable(event.target)) {
      event.preventDefault()
      return player.toggle()
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const run = event.shiftKey && event.key.startsWith('Arrow') ? shifted[key] : plain[key]
    if (!run || (key.startsWith('Arrow') && !player.song)) return
    event.preventDefault()
    run()
  }
  addEventListener('keydown', onkeydown)
  return () => removeEventListener('keydown', onkeydown)
}
