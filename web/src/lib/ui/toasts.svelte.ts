import { ApiError } from '#client/index.ts'

export type Toast = { id: number; text: string; kind: 'info' | 'fault'; action?: { label: string; run: () => void } }

const SHOWN_MS = 4000
const FAULT_SHOWN_MS = 9000
const TOASTS_MAX = 3

let lastId = 0
export const toasts: { list: Toast[] } = $state({ list: [] })

export const dismiss = (id: number): void => {
  toasts.list = toasts.list.filter((t) => t.id !== id)
}

function show(toast: Omit<Toast, 'id'>): void {
  if (toasts.list.some((t) => t.text === toast.text)) return
  const id = ++lastId
  toasts.list = [...toasts.list, { ...toast, id }].slice(-TOASTS_MAX)
  setTimeout(() => dismiss(id), toast.kind === 'fault' ? FAULT_SHOWN_MS : SHOWN_MS)
}

export const tell = (text: string, action?: Toast['action']): void =>
  show({ text, kind: 'info', ...(action ? { action } : {}) })

/** What to say about something thrown: the server's own sentence, which says what to do. */
export const sentenceOf = (thrown: unknown): string =>
  thrown instanceof Error && thrown.message !== '' ? thrown.message : 'That did not work: try again.'

/** Shows a fault; says nothing of a call that was given up on purpose. */
export function tellFault(thrown: unknown, action?: Toast['action']): void {
  if (thrown instanceof ApiError && thrown.code === 'aborted') return
  show({ text: sentenceOf(thrown), kind: 'fault', ...(action ? { action } : {}) })
}
