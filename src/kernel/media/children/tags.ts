/** The tag process: reads untrusted files. Started by the pool; nothing imports this file. */
import { pictureOf, probeFile } from '#kernel/media/tags/probe-file.ts'
import type { FilePath } from '#kernel/media/types.ts'
import { serve } from './serve.ts'

export type TagTask = { kind: 'probe' | 'picture'; file: FilePath }

serve((task) => {
  const { kind, file } = task as TagTask
  return kind === 'probe' ? probeFile(file) : pictureOf(file)
})
