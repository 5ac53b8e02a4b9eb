import { type Caller, system } from '#kernel/caller.ts'
import type { Profile } from '../profiles.ts'
import type { Timelines } from '../timeline/timelines.ts'
import type { SongFile, Songs } from '../visible.ts'
import { COPY_PROFILES, type CopyTarget } from './copies/kinds.ts'
import type { WantedCopy } from './copies/open.ts'
import type { CopySource } from './copies/sources.ts'
import { layoutOf } from './layout.ts'
import type { Wanted } from './types.ts'

export type WantedDeps = { readonly songs: Songs; readonly timelines: Timelines }

/** A profile of a song, as this caller wants it. Throws what the timelines throw of a file they cannot read. */
export async function wantedOf(d: WantedDeps, who: Caller, file: SongFile, profile: Profile): Promise<Wanted> {
  const source = await d.timelines.of(file)
  return {
    id: { contentId: file.contentId, profile: profile.name },
    layout: layoutOf(profile, source),
    timeline: source.timeline,
    ...asAsked(d, who, file),
  }
}

/** The packets of a song's file in another container, as this caller wants them. */
export function wantedCopy(
  d: Pick<WantedDeps, 'songs'>,
  who: Caller,
  file: SongFile,
  copy: { readonly source: CopySource; readonly target: CopyTarget },
): WantedCopy {
  const { layout } = copy.source.into(copy.target)
  return {
    id: { contentId: file.contentId, profile: COPY_PROFILES[copy.target].name },
    layout,
    timeline: layout,
    copy: { ...copy, blobKey: file.blobKey },
    ...asAsked(d, who, file),
  }
}

function asAsked(d: Pick<WantedDeps, 'songs'>, who: Caller, file: SongFile) {
  return {
    file: Buffer.from(file.pathBase64, 'base64'),
    container: file.container,
    listener: who.userId ?? who.address ?? 'nobody',
    isThere: () =>
      d.songs.getSongFiles(system(who.requestId), { ids: [file.songId] }).then(
        (files) => files.length > 0,
        // Who cannot be asked says nothing: what is kept costs room alone, and for a time.
        () => true,
      ),
  }
}
