import { adapt, type Adapting, type Level, type Moment, type Network, stalled, startAdapting } from './adaptive.ts'
import { type Bandwidth, estimateKbps, unknownBandwidth, withDownload } from './bandwidth.ts'

/** What some browsers tell of the way to the network. */
type Connection = { saveData?: boolean; type?: string; downlink?: number }
const connection = (): Connection => (navigator as { connection?: Connection }).connection ?? {}

let bandwidth: Bandwidth = unknownBandwidth()
let adapting: Adapting = $state.raw(startAdapting())

/** A browser's own guess counts only where it says that there is little. */
const GUESS_KBPS_MAX = 2000
function networkNow(): Network {
  const { saveData = false, type = '', downlink } = connection()
  const guessKbps = downlink !== undefined && downlink * 1000 < GUESS_KBPS_MAX ? downlink * 1000 : null
  return { kbps: estimateKbps(bandwidth) ?? guessKbps, isSaving: saveData, isMetered: type === 'cellular' }
}
const momentOf = (originalKbps: number | null, aheadSec: number): Moment => ({
  nowMs: performance.now(),
  network: networkNow(),
  originalKbps,
  aheadSec,
})

/** Which quality the network of now carries; it knows of everything that was fetched for playing. */
export const network = {
  get level(): Level {
    return adapting.level
  },
  /** What the server is told. */
  get kind(): 'wifi' | 'cellular' {
    return networkNow().isMetered ? 'cellular' : 'wifi'
  },
  heard(download: { bytes: number; ms: number }): void {
    bandwidth = withDownload(bandwidth, download)
  },
  /** Looks again, and answers whether the level is another now. */
  look(originalKbps: number | null, aheadSec: number): boolean {
    const before = adapting.level
    adapting = adapt(adapting, momentOf(originalKbps, aheadSec))
    return adapting.level !== before
  },
  stalled(originalKbps: number | null): boolean {
    const before = adapting.level
    adapting = stalled(adapting, momentOf(originalKbps, 0))
    return adapting.level !== before
  },
}
