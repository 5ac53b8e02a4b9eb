import type { Output } from '#client/index.ts'
import { sendFile } from '#lib/upload/form.ts'

/** A cover that was chosen and not saved yet: a picture, none at all, or as it was. */
export type ChosenCover = File | 'none' | null

/** Sends a picture; songs and albums name it as `imageUploadId`. */
export const sendPicture = async (file: File): Promise<string> =>
  (await sendFile<Output<'uploads', 'uploadImage'>>({ method: 'POST', path: '/upload/image', field: 'image', file })).id
