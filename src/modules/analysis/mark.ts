import { stat } from 'node:fs/promises'

export type Mark = { readonly text: string; readonly sizeBytes: number }

/** Says whether a file is still the one it was; undefined where it cannot be looked at. */
export async function markOf(path: Buffer | string): Promise<Mark | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && { text: `${found.ino} ${found.size} ${found.mtimeNs}`, sizeBytes: Number(found.size) }
}
