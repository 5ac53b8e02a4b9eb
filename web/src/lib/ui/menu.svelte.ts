import type { IconName } from './icons.ts'

export type MenuItem = { label: string; icon?: IconName; run: () => void; danger?: boolean } | 'line'
export type OpenMenu = {
  items: MenuItem[]
  at: { x: number; y: number; fromBottom: boolean }
  opener: HTMLElement | null
}

export const menu: { open: OpenMenu | null } = $state({ open: null })

/** Opens a menu beside the button (or under the pointer) that asked for it. */
export function openMenu(event: MouseEvent, items: MenuItem[]): void {
  event.preventDefault()
  event.stopPropagation()
  const opener = event.currentTarget as HTMLElement
  const box = opener.getBoundingClientRect()
  const byPointer = event.type === 'contextmenu'
  const at = byPointer ? { x: event.clientX, y: event.clientY } : { x: box.right, y: box.bottom + 4 }
  menu.open = { items, at: { ...at, fromBottom: at.y > innerHeight * 0.6 }, opener: byPointer ? null : opener }
}
export const closeMenu = (): void => {
  menu.open?.opener?.focus({ preventScroll: true })
  menu.open = null
}
