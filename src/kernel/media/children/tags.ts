/** The tag process: reads untrusted files. Started by the pool; nothing imports this file. */
import { pictureOf, probeFile } from '#kernel/media/tags/probe-file.ts'
import { packetsOfFile } from '#kernel/media/timeline/packets/index.ts'
import { timelineOfFile } from '#kernel/media/timeline/index.ts'
import type { FilePath } from '#kernel/media/types.ts'
import { serve } from './serve.ts'

export type TagTask = { kind: 'probe' | 'picture' | 'timeline' | 'packets'; file: FilePath }

serve((task) => {
  const { kind, file } = task as TagTask
  if (kind === 'packets') return packetsOfFile(file)
  if (kind === 'timeline') return timelineOfFile(file)
  return kind === 'probe' ? probeFile(file) : pictureOf(file)
})
