import { tick } from 'svelte'
import { ApiError } from '#client/index.ts'
import { sentenceOf } from './toasts.svelte.ts'

/** One submitted thing: whether it is under way, what was wrong with which field, and how long to wait before the next try. */
export type Form = {
  readonly busy: boolean
  /** What is wrong with no field in particular. */
  readonly fault: string
  /** By name of the field. */
  readonly faults: Readonly<Record<string, string>>
  /** The code of the last refusal; '' when there was none. */
  readonly code: string
  /** Seconds until the server takes another try. */
  readonly waitSec: number
  /** For `onsubmit` of a `novalidate` form: checks the fields, runs `work`, shows what went wrong beside them. */
  submit(event: SubmitEvent, work: () => Promise<void>): Promise<void>
  /** For `oninput`: what is being put right is not wrong any more. */
  touch(event: Event): void
  /** The same without fields; true when it worked. */
  run(work: () => Promise<void>): Promise<boolean>
  /** Shows a fault of one's own. */
  fail(faults: Record<string, string>): void
  clear(): void
}

type FormField = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement
const isField = (element: Element): element is FormField =>
  element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement

function sentenceFor(field: FormField): string {
  const { validity } = field
  if (validity.valueMissing) return field.dataset['missing'] ?? 'Fill this in.'
  if (validity.tooShort) return `At least ${(field as HTMLInputElement).minLength} characters.`
  if (validity.tooLong) return `At most ${(field as HTMLInputElement).maxLength} characters.`
  if (validity.typeMismatch && field.type === 'email') return 'This is no e-mail address.'
  if (validity.patternMismatch) return field.dataset['pattern'] ?? 'This has another form than it should.'
  return field.validationMessage
}

/** `minlength` is judged by browsers only after a person has typed; a password manager types nothing. */
const isShort = (f: FormField): f is HTMLInputElement =>
  f instanceof HTMLInputElement && f.minLength > 0 && f.value !== '' && f.value.length < f.minLength

/** What is wrong with the fields of a form, by their names. */
const faultsIn = (form: HTMLFormElement): Record<string, string> =>
  Object.fromEntries(
    [...form.elements]
      .filter(isField)
      .filter((f) => f.name !== '' && (!f.validity.valid || isShort(f)))
      .map((f) => [f.name, isShort(f) ? `At least ${f.minLength} characters.` : sentenceFor(f)]),
  )

const focusFirstFault = (form: HTMLElement | null) =>
  tick().then(() => form?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus())

/** Counts whole seconds down; call while a component is made. */
function makeCountdown(whenOver: () => void): { readonly sec: number; start(seconds: number): void } {
  let sec = $state(0)
  let timer: ReturnType<typeof setInterval> | undefined
  $effect(() => () => clearInterval(timer))
  return {
    get sec() {
      return sec
    },
    start(seconds) {
      clearInterval(timer)
      sec = Math.ceil(seconds)
      timer = setInterval(() => {
        sec -= 1
        if (sec > 0) return
        clearInterval(timer)
        whenOver()
      }, 1000)
    },
  }
}

const RETRY_SEC = 5
const without = (faults: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(faults).filter(([field]) => field !== name))
type Shown = { code: string; fault: string; faults: Record<string, string> }
const NOTHING: Shown = { code: '', fault: '', faults: {} }

/** What to show of something thrown, and where. */
function shownOf(thrown: unknown, placeOf: Readonly<Record<string, string>>): Shown {
  if (!(thrown instanceof ApiError)) return { ...NOTHING, fault: sentenceOf(thrown) }
  const { code, message, errors } = thrown
  // The server speaks to programs of `Retry-After`; the button beside counts it down.
  if (thrown.status === 429) return { code, fault: 'Too many tries. Wait a little.', faults: {} }
  const place = placeOf[code]
  if (place) return { code, fault: '', faults: { [place]: message } }
  if (errors.length === 0) return { code, fault: message, faults: {} }
  return { code, fault: '', faults: Object.fromEntries(errors.map((e) => [e.path.replace(/^\//, ''), e.message])) }
}

/**
 * `placeOf` says which field a code of the server belongs to (`wrong_login` → `password`). Call while a component is
 * made.
 */
export function makeForm(placeOf: Readonly<Record<string, string>> = {}): Form {
  let busy = $state(false)
  let shown = $state.raw(NOTHING)
  const countdown = makeCountdown(() => (shown = NOTHING))

  async function run(work: () => Promise<void>): Promise<boolean> {
    if (busy || countdown.sec > 0) return false
    shown = NOTHING
    busy = true
    try {
      await work()
      return shown.fault === '' && Object.keys(shown.faults).length === 0
    } catch (thrown) {
      shown = shownOf(thrown, placeOf)
      if (thrown instanceof ApiError && thrown.status === 429) countdown.start(thrown.retryAfterSec ?? RETRY_SEC)
      return false
    } finally {
      busy = false
    }
  }
  return {
    get busy() {
      return busy
    },
    get fault() {
      return shown.fault
    },
    get faults() {
      return shown.faults
    },
    get code() {
      return shown.code
    },
    get waitSec() {
      return countdown.sec
    },
    run,
    touch(event) {
      const { name } = event.target as FormField
      if (name in shown.faults) shown = { ...shown, faults: without(shown.faults, name) }
    },
    clear: () => void (shown = NOTHING),
    fail: (faults) => void (shown = { ...NOTHING, faults }),
    async submit(event, work) {
      event.preventDefault()
      const form = event.currentTarget as HTMLFormElement
      const faults = faultsIn(form)
      if (Object.keys(faults).length > 0) shown = { ...NOTHING, faults }
      else if (await run(work)) return
      await focusFirstFault(form)
    },
  }
}
