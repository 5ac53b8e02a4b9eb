import { client } from '#lib/api.ts'

/** What the seek bar draws. `peaks` 0..1; `downbeats` seconds; both null until the analysis is there. */
export type Shape = { peaks: Float32Array; durationSec: number; downbeatsSec: readonly number[] }

const POINTS = 800
const KEPT_MAX = 30
const kept = new Map<string, Shape>()

/** Shape of a song, null when it has none yet. The fault of a call that was given up is passed on. */
export async function shapeOf(songId: string, signal: AbortSignal): Promise<Shape | null> {
  const known = kept.get(songId)
  if (known) return known
  const [wave, analysis] = await Promise.all([
    client.analysis.getWaveform({ id: songId, points: POINTS }, { signal }).catch(() => null),
    client.analysis.getAnalysis({ id: songId }, { signal }).catch(() => null),
  ])
  signal.throwIfAborted()
  if (!wave || !(wave.max?.length > 0)) return null
  const peaks = Float32Array.from(wave.max, (max, i) => Math.min(1, Math.max(max, -(wave.min[i] ?? 0))))
  const shape = {
    peaks,
    durationSec: wave.durationSec,
    downbeatsSec: analysis?.status === 'completed' ? analysis.downbeats : [],
  }
  kept.set(songId, shape)
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break
    kept.delete(oldest)
  }
  return shape
}
