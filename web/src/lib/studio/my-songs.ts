import type { Input } from '#client/index.ts'

export type Sort = NonNullable<Input<'songs', 'listMySongs'>['sort']>
export const SORTS: [Sort, string][] = [
  ['newest', 'Newest first'],
  ['oldest', 'Oldest first'],
  ['title', 'Title A–Z'],
  ['-title', 'Title Z–A'],
  ['artist', 'Artist'],
  ['album', 'Album'],
  ['-year', 'Latest year'],
  ['duration', 'Shortest'],
  ['-duration', 'Longest'],
]
/** Which of my songs are shown. */
export const STATES = [
  ['', 'All'],
  ['public', 'Public'],
  ['private', 'Private'],
  ['hidden', 'Hidden'],
] as const
