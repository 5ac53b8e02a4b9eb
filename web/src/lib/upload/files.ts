/** What was chosen or dropped: the file, and the folder it lay in ('' when it was chosen by itself). */
export type Chosen = { file: File; folder: string }

/** One drop; more is left out, and told. */
export const FILES_MAX = 5000
const DEPTH_MAX = 12
/** A browser reads a folder in pieces; each piece is at most a hundred names. */
const PIECES_MAX = 500

const AUDIO_ENDINGS =
  /\.(mp3|m4a|m4b|mp4|aac|flac|ogg|oga|opus|wav|wave|aif|aiff|aifc|wma|ape|wv|mpc|mka|webm|dsf|dff|tta|alac|spx|caf|au)$/i
const PICTURE_ENDINGS = /\.(jpe?g|png|webp|avif|gif|tiff?|heic|heif)$/i

export type FileKind = 'audio' | 'picture' | 'other'

/** What a file seems to be, by its name and the type the browser gives it; the server looks into it. */
export function kindOf({ name, type }: Pick<File, 'name' | 'type'>): FileKind {
  if (type.startsWith('image/') || PICTURE_ENDINGS.test(name)) return 'picture'
  if (type.startsWith('audio/') || AUDIO_ENDINGS.test(name)) return 'audio'
  return 'other'
}

/** Files of a picker: those of a folder carry their path. */
export const chosenOf = (files: Iterable<File>): Chosen[] =>
  [...files]
    .slice(0, FILES_MAX)
    .map((file) => ({ file, folder: file.webkitRelativePath.split('/').slice(0, -1).join('/') }))

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject))
const pieceOf = (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => reader.readEntries(resolve, reject))

async function addEntry(entry: FileSystemEntry, into: Chosen[], folder: string, depth: number): Promise<void> {
  if (into.length >= FILES_MAX) return
  if (entry.isFile) {
    // What cannot be read (a broken link, say) is left out; the rest of the folder is not.
    const file = await fileOf(entry as FileSystemFileEntry).catch(() => null)
    if (file) into.push({ file, folder })
    return
  }
  if (depth >= DEPTH_MAX) return
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const within = folder === '' ? entry.name : `${folder}/${entry.name}`
  for (let i = 0; i < PIECES_MAX; i++) {
    const piece = await pieceOf(reader)
    if (piece.length === 0) return
    for (const one of piece) await addEntry(one, into, within, depth + 1)
  }
}

/** Everything that was dropped, with what lies in dropped folders. To be called while the event lasts. */
export async function droppedFiles(data: DataTransfer): Promise<Chosen[]> {
  const entries = [...data.items].filter((i) => i.kind === 'file').map((i) => i.webkitGetAsEntry())
  // An entry is only there for real files; what a script has made comes without.
  if (entries.length === 0 || entries.some((e) => e === null)) return chosenOf(data.files)
  const into: Chosen[] = []
  for (const entry of entries) if (entry) await addEntry(entry, into, '', 0)
  return into
}
