import type { Layout } from '../renditions/layout.ts'
import type { Bandwidth } from './tiers.ts'
import { spanOf, TARGET_SEC } from './times.ts'

export const MANIFEST_TYPE = 'application/dash+xml'

export type Representation = Bandwidth & { readonly name: string; readonly codecs: string; readonly layout: Layout }

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** Runs of equal lengths as one `S`. */
function timelineOf(layout: Layout): string {
  const runs: { samples: number; count: number }[] = []
  for (let piece = 0; piece < layout.pieces; piece++) {
    const { start, end } = spanOf(layout, piece)
    const last = runs.at(-1)
    if (last?.samples === end - start) last.count += 1
    else runs.push({ samples: end - start, count: 1 })
  }
  const each = runs.map(
    (r, i) => `<S${i === 0 ? ' t="0"' : ''} d="${r.samples}"${r.count > 1 ? ` r="${r.count - 1}"` : ''}/>`,
  )
  return `<SegmentTimeline>${each.join('')}</SegmentTimeline>`
}

const templateOf = (layout: Layout, query: string): string =>
  `<SegmentTemplate timescale="${layout.sampleRateHz}" startNumber="0" initialization="$RepresentationID$/init.mp4${query}" media="$RepresentationID$/$Number$.m4s${query}">${timelineOf(layout)}</SegmentTemplate>`

function representation(r: Representation, query: string): string {
  const { layout } = r
  const channels = `<AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="${layout.channels}"/>`
  return `<Representation id="${r.name}" bandwidth="${r.peakBps}" codecs="${r.codecs}" audioSamplingRate="${layout.sampleRateHz}">${channels}${templateOf(layout, query)}</Representation>`
}

/** Copies have segments of their own lengths. */
const setOf = ({ codecs, layout }: Representation): string => (layout.copy ? `${codecs} copy` : codecs)

/** One set for each codec, because players switch within a set only, and only where segments meet. */
function sets(all: readonly Representation[], queryOf: (name: string) => string): string {
  return [...new Set(all.map(setOf))]
    .map((set, id) => {
      const own = all.filter((r) => setOf(r) === set).map((r) => representation(r, escaped(queryOf(r.name))))
      return `<AdaptationSet id="${id}" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">${own.join('')}</AdaptationSet>`
    })
    .join('')
}

/**
 * The same segments for DASH (ISO/IEC 23009-1): times are those after the edit list of the init segment, so the music
 * begins at 0.
 */
export function dashManifest(all: readonly Representation[], queryOf: (name: string) => string): string {
  const first = all[0]?.layout
  const seconds = first ? first.samples / first.sampleRateHz : 0
  return `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT${seconds.toFixed(6)}S" maxSegmentDuration="PT${TARGET_SEC}S" minBufferTime="PT${TARGET_SEC}S"><Period id="0" start="PT0S">${sets(all, queryOf)}</Period></MPD>
`
}
