import { guardLeaving } from '#lib/router/router.svelte.ts'

export type Unsaved = {
  /** Somebody is about to leave what is not saved. */
  readonly asks: boolean
  stay(): void
  leave(): void
}

const leaving = (event: BeforeUnloadEvent) => event.preventDefault()
/** Asks before a page with changes is left, and lets the browser ask before it is closed. Call while a component is made. */
export function makeUnsaved(isDirty: () => boolean): Unsaved {
  let goOn = $state.raw<(() => void) | null>(null)
  $effect(() => {
    if (!isDirty()) return
    addEventListener('beforeunload', leaving)
    const stop = guardLeaving((wanted) => {
      goOn = wanted
      return false
    })
    return () => {
      removeEventListener('beforeunload', leaving)
      stop()
    }
  })
  return {
    get asks() {
      return goOn !== null
    },
    stay: () => void (goOn = null),
    leave() {
      const wanted = goOn
      goOn = null
      guardLeaving(() => true)
      wanted?.()
    },
  }
}
