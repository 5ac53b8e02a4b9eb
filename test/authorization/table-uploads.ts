import { newId } from '#kernel/ids.ts'
import { type Cell, HIDDEN, OUT, type Row, self } from './rows.ts'
import type { World } from './world.ts'

/** An upload that was begun and not finished. */
async function upload(w: World) {
  const id = newId()
  await w.sql(
    `insert into catalog.uploads (id, owner_id, kind, state, size_bytes, expires_at)
     values ($1, $2, 'audio', 'pending', 10, now() + interval '1 hour')`,
    [id, w.account('owner').id],
  )
  return { id }
}
/** Uploads are their owners' alone; an admin has no use for them. */
const owners = (yes: Cell): Row => ({
  kind: 'thing',
  input: upload,
  answers: { nobody: OUT, stranger: HIDDEN, owner: yes, artist: HIDDEN, admin: HIDDEN },
})

export const uploads: Record<string, Row> = {
  uploadAudio: self,
  uploadBatch: self,
  uploadImage: self,
  createTusUpload: self,
  getTusUpload: owners(200),
  // Without the header of the protocol.
  patchTusUpload: owners(412),
  deleteTusUpload: owners(412),
  listUploads: { kind: 'list', make: upload, seenBy: ['owner'] },
  getUpload: owners(200),
  deleteUpload: owners(204),
  getQuota: self,
}
