export type Crumb = { name: string; href: string }

/** Address of a place of the library as it lies on the disk; `path` as the server writes it. */
export function folderHref(folderId: string | undefined, path = ''): string {
  if (folderId === undefined) return '/folders'
  const query = new URLSearchParams({ in: folderId, ...(path === '' ? {} : { path }) })
  return `/folders?${query.toString()}`
}

/** A part of a path as people read it: bytes that are no text stand as `%XX` in paths. */
const shown = (part: string): string => part.replaceAll('%25', '%')

/** The way from the top to a place. None at the top itself. */
export function crumbsOf(folderId: string | undefined, rootName: string, path: string): Crumb[] {
  if (folderId === undefined) return []
  const parts = path.split('/').filter((part) => part !== '')
  return [
    { name: 'Folders', href: folderHref(undefined) },
    { name: rootName === '' ? '…' : rootName, href: folderHref(folderId) },
    ...parts.map((part, i) => ({ name: shown(part), href: folderHref(folderId, parts.slice(0, i + 1).join('/')) })),
  ]
}
