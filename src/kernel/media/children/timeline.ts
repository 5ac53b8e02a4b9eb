/** The timeline process: reads untrusted files. Started by the pool; nothing imports this file. Loads little: a listener waits. */
import { packetsOfFile } from '#kernel/media/timeline/packets/index.ts'
import { timelineOfFile } from '#kernel/media/timeline/index.ts'
import type { FilePath } from '#kernel/media/types.ts'
import { serve } from './serve.ts'

type TimelineTask = { kind: 'timeline' | 'packets'; file: FilePath }

serve(async (task) => {
  const { kind, file } = task as TimelineTask
  return kind === 'packets' ? packetsOfFile(file) : timelineOfFile(file)
})
