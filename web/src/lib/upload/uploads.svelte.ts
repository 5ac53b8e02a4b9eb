import type { ApiError, Song } from '#client/index.ts'
import { session } from '#lib/session/session.svelte.ts'
import { sentenceOf, tell, tellFault } from '#lib/ui/toasts.svelte.ts'
import { type Chosen, FILES_MAX, kindOf } from './files.ts'
import { startFollowing } from './follow.ts'
import { offerPictures, takeCovers } from './pictures.svelte.ts'
import { cutWaitMs, isOver, isPassing, type Item, type Totals, totalsOf } from './queue.ts'
import { type Quota, readQuota } from './quota.ts'
import { makeSending, type Sending } from './send.ts'
import { makeMeter } from './speed.ts'

/** So many files are on their way at once: more would only make each of them slower. */
const AT_ONCE = 3
const TICK_MS = 500

type Kept = { items: Item[]; isPublic: boolean; quota: Quota | null; bytesPerSec: number }
const kept: Kept = $state({ items: [], isPublic: false, quota: null, bytesPerSec: 0 })
const totals: Totals = $derived(totalsOf(kept.items))

/** What cannot be shown: how each file is being sent. */
type Hand = { sending: Sending | null; tries: number; timer: ReturnType<typeof setTimeout> | undefined }
const hands = new Map<number, Hand>()
const handOf = (key: number): Hand => {
  const hand = hands.get(key) ?? { sending: null, tries: 0, timer: undefined }
  hands.set(key, hand)
  return hand
}
const itemOf = (key: number): Item | undefined => kept.items.find((i) => i.key === key)
const patch = (key: number, change: Partial<Item>): void => void Object.assign(itemOf(key) ?? {}, change)
let lastKey = 0
let meter = makeMeter()
let ticker: ReturnType<typeof setInterval> | undefined

/** Uploads of this tab; they go on whatever page is open. */
export const uploads = {
  get items(): readonly Item[] {
    return kept.items
  },
  get totals() {
    return totals
  },
  get quota() {
    return kept.quota
  },
  get bytesPerSec() {
    return kept.bytesPerSec
  },
  /** What an artist uploads from now on is public at once. */
  get isPublic() {
    return kept.isPublic
  },
  /** Of the whole: bytes are most of the way. 0..1, null when nothing is under way. */
  get share(): number | null {
    return totals.outgoing + totals.working === 0 ? null : totals.bytes > 0 ? totals.sentBytes / totals.bytes : 0
  },
}
export const setPublic = (is: boolean): void => void (kept.isPublic = is)
export const refreshQuota = (): void =>
  void readQuota().then(
    (q) => (kept.quota = q),
    () => undefined,
  )

const leaving = (event: BeforeUnloadEvent) => event.preventDefault()
function tick(): void {
  kept.bytesPerSec = meter.speed(performance.now())
  if (totals.sending > 0) return
  clearInterval(ticker)
  ticker = undefined
  removeEventListener('beforeunload', leaving)
}
function startTicking(): void {
  if (ticker !== undefined) return
  meter = makeMeter()
  ticker = setInterval(tick, TICK_MS)
  addEventListener('beforeunload', leaving)
}

const follower = startFollowing({
  wanted: () => kept.items.flatMap((i) => (i.phase === 'working' && i.uploadId ? [i.uploadId] : [])),
  onStep: (uploadId, step) => patchUpload(uploadId, { step }),
  onFailed: (uploadId, fault) => patchUpload(uploadId, { phase: 'failed', fault, canRetry: false }),
  onSong: (uploadId, song, isDuplicate) => {
    patchUpload(uploadId, { phase: 'done', step: '', song, isDuplicate })
    const item = kept.items.find((i) => i.uploadId === uploadId)
    if (item && song) void takeCovers(item)
    refreshQuota()
  },
})
function patchUpload(uploadId: string, change: Partial<Item>): void {
  for (const i of kept.items) if (i.uploadId === uploadId) Object.assign(i, change)
}
/** For what the socket pushes, which is quicker than asking. */
export const uploadPushed = follower.take

function onFault(key: number, fault: ApiError): void {
  const item = itemOf(key)
  if (!item || item.phase !== 'sending') return
  const hand = handOf(key)
  if (!isPassing(fault)) {
    patch(key, { phase: 'failed', fault: sentenceOf(fault), canRetry: fault.status !== 413 && fault.status !== 415 })
    return pump()
  }
  item.phase = 'cut'
  hand.timer = setTimeout(() => goOn(key), Math.max(cutWaitMs(hand.tries), (fault.retryAfterSec ?? 0) * 1000))
  hand.tries += 1
}
/** After a break of the line. */
function goOn(key: number): void {
  const item = itemOf(key)
  const hand = handOf(key)
  clearTimeout(hand.timer)
  if (item?.phase !== 'cut') return
  item.phase = 'sending'
  hand.sending?.start()
}

function listenersOf(key: number) {
  let seen = -1
  return {
    onKnown: (uploadId: string) => patch(key, { uploadId }),
    onProgress(sentBytes: number) {
      // The first figure tells where an earlier try had come to: nobody has sent that now.
      if (seen >= 0) meter.add(sentBytes - seen, performance.now())
      seen = sentBytes
      handOf(key).tries = 0
      patch(key, { sentBytes })
    },
    onSent() {
      const item = itemOf(key)
      if (!item) return
      Object.assign(item, { phase: 'working', sentBytes: item.file.size, step: 'processing' })
      follower.look()
      pump()
    },
    onFault: (fault: ApiError) => onFault(key, fault),
  }
}

async function begin(item: Item): Promise<void> {
  item.phase = 'sending'
  startTicking()
  const hand = handOf(item.key)
  try {
    hand.sending ??= await makeSending(item.file, {
      owner: session.user?.id ?? '',
      folder: item.folder,
      metadata: {
        filename: item.file.name,
        filetype: item.file.type || 'application/octet-stream',
        ...(kept.isPublic ? { isPublic: 'true' } : {}),
      },
      on: listenersOf(item.key),
    })
    if (itemOf(item.key)?.phase === 'sending') hand.sending.start()
  } catch (thrown) {
    patch(item.key, { phase: 'failed', fault: sentenceOf(thrown), canRetry: true })
  }
}
function pump(): void {
  let free = AT_ONCE - kept.items.filter((i) => i.phase === 'sending' || i.phase === 'cut').length
  for (const item of kept.items) {
    if (free <= 0) return
    if (item.phase !== 'waiting') continue
    free -= 1
    void begin(item)
  }
}

/** Why a file need not even be sent; '' when it may. */
function refusalOf(file: File): string {
  if (kindOf(file) === 'other') return 'This is no audio file.'
  if (file.size === 0) return 'This file is empty.'
  const max = kept.quota?.fileMaxBytes
  return max !== undefined && file.size > max ? `This file is too large: ${Math.floor(max / 1e6)} MB at most.` : ''
}
const nameOf = ({ file, folder }: Chosen | Item): string => `${folder}/${file.name}/${file.size}/${file.lastModified}`

/** Takes files into the queue. Of folders, what is neither music nor a picture is left out without a word for each. */
export function addFiles(chosen: readonly Chosen[]): void {
  if (chosen.length >= FILES_MAX) tell(`More than ${FILES_MAX} files: the first ${FILES_MAX} were taken.`)
  const present = new Set(kept.items.filter((i) => !isOver(i)).map(nameOf))
  const fresh = chosen.filter((c) => !present.has(nameOf(c)))
  offerPictures(fresh.filter((c) => kindOf(c.file) === 'picture'))
  const music = fresh.filter((c) => kindOf(c.file) === 'audio' || (kindOf(c.file) === 'other' && c.folder === ''))
  const leftOut = fresh.filter((c) => kindOf(c.file) === 'other' && c.folder !== '').length
  if (leftOut > 0) tell(`${leftOut} other ${leftOut === 1 ? 'file was' : 'files were'} left out.`)
  for (const { file, folder } of music) {
    const fault = refusalOf(file)
    kept.items.push({
      key: ++lastKey,
      file,
      folder,
      phase: fault ? 'failed' : 'waiting',
      sentBytes: 0,
      uploadId: null,
      step: '',
      song: null as Song | null,
      isDuplicate: false,
      fault,
      canRetry: false,
    })
  }
  pump()
}

export function pause(key: number): void {
  const item = itemOf(key)
  if (!item || isOver(item) || item.phase === 'working') return
  clearTimeout(handOf(key).timer)
  item.phase = 'paused'
  handOf(key).sending?.stop()
  pump()
}
export function resume(key: number): void {
  const item = itemOf(key)
  if (item?.phase === 'cut') return goOn(key)
  if (item?.phase !== 'paused' && item?.phase !== 'failed') return
  Object.assign(item, { phase: 'waiting', fault: '' })
  pump()
}
export const pauseAll = (): void => kept.items.filter((i) => !isOver(i)).forEach((i) => pause(i.key))
export const resumeAll = (): void =>
  kept.items.filter((i) => i.phase === 'paused' || i.phase === 'cut').forEach((i) => resume(i.key))

/** Takes a file out of the list, and what came of it so far off the server; a song that was made stays. */
export function cancel(key: number): void {
  const item = itemOf(key)
  const hand = handOf(key)
  clearTimeout(hand.timer)
  kept.items = kept.items.filter((i) => i.key !== key)
  hands.delete(key)
  if (item && !isOver(item)) hand.sending?.drop().catch((thrown: unknown) => tellFault(thrown))
  pump()
}
export function clearOver(): void {
  for (const i of kept.items) if (isOver(i)) hands.delete(i.key)
  kept.items = kept.items.filter((i) => !isOver(i))
}
/** The person has left: nothing goes on, and nobody else sees what it was. */
export function stopUploads(): void {
  for (const hand of hands.values()) {
    clearTimeout(hand.timer)
    hand.sending?.stop()
  }
  hands.clear()
  Object.assign(kept, { items: [], isPublic: false, quota: null, bytesPerSec: 0 })
}

const online = () => kept.items.filter((i) => i.phase === 'cut').forEach((i) => goOn(i.key))
/** Goes on at once when the line is back. Answers how to stop. */
export function startUploads(): () => void {
  addEventListener('online', online)
  return () => {
    removeEventListener('online', online)
    stopUploads()
  }
}
