import { player } from '#lib/player/player.svelte.ts'
import { closeTop, toggleNowPlaying, toggleVisual, view } from '#lib/player/view.svelte.ts'
import { go } from '#lib/router/router.svelte.ts'
import { openHelp } from './help.svelte.ts'

const SEEK_STEP_SEC = 5
const VOLUME_STEP = 0.05

const isIn = (target: EventTarget | null, selector: string) =>
  Boolean((target as HTMLElement | null)?.closest?.(selector))
/** Keys that mean something to what has the focus are left to it. */
const isTyping = (target: EventTarget | null) =>
  isIn(
    target,
    'input:not([type=range]):not([type=radio]):not([type=checkbox]), textarea, select, [role=menu], dialog[open]',
  )
const ownsArrows = (target: EventTarget | null) => isIn(target, 'input, select, [role=slider]')
const isPressable = (target: EventTarget | null) => isIn(target, 'button, a, input')

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

function onkeydown(event: KeyboardEvent): void {
  const { target, key: pressed } = event
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return
  if (pressed === 'Escape') return void (closeTop() && event.preventDefault())
  if (pressed === ' ' && !isPressable(target)) {
    event.preventDefault()
    return player.toggle()
  }
  const isArrow = pressed.startsWith('Arrow')
  if (isArrow && (ownsArrows(target) || !player.song)) return
  const run =
    event.shiftKey && isArrow ? shifted[pressed] : plain[pressed.length === 1 ? pressed.toLowerCase() : pressed]
  if (!run) return
  event.preventDefault()
  run()
}

/** The keyboard of the whole app. Answers how to stop. */
export function startShortcuts(): () => void {
  addEventListener('keydown', onkeydown)
  return () => removeEventListener('keydown', onkeydown)
}
