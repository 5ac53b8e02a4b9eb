import type { Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { kept } from '#lib/offline/kept.svelte.ts'
import { songItemId } from '#lib/offline/model.ts'
import { keepSong, removeKept } from '#lib/offline/offline.svelte.ts'
import { canKeepOffline } from '#lib/offline/owner.ts'
import { player } from '#lib/player/player.svelte.ts'
import { go } from '#lib/router/router.svelte.ts'
import { session } from '#lib/session/session.svelte.ts'
import type { MenuItem } from '#lib/ui/menu.svelte.ts'
import { tell, tellFault } from '#lib/ui/toasts.svelte.ts'

const analyzeAgain = (song: Song) => {
  client.analysis.analyzeSong({ id: song.id }).then(
    () => tell(`“${song.title}” is analysed again.`),
    (thrown: unknown) => tellFault(thrown),
  )
}

const download = (song: Song) => {
  const link = document.createElement('a')
  link.href = client.url.downloadSong({ id: song.id })
  link.download = ''
  link.click()
}

function keeping(song: Song): MenuItem[] {
  const item = kept.items.get(songItemId(song.id))
  if (!canKeepOffline() || song.isMissing) return []
  if (item) return [{ label: 'Remove from this device', icon: 'trash', run: () => void removeKept([item]) }]
  return kept.songs.has(song.id) ? [] : [{ label: 'Keep offline', icon: 'download', run: () => keepSong(song) }]
}

/** What can be done with one song. */
export function songMenu(song: Song): MenuItem[] {
  const artist = song.artists.find((a) => a.role === 'main') ?? song.artists[0]
  const { album } = song
  return [
    { label: 'Play next', icon: 'playNext', run: () => player.playNext([song]) },
    { label: 'Add to queue', icon: 'addQueue', run: () => player.add([song]) },
    'line',
    { label: 'Look inside', icon: 'info', run: () => go(`/songs/${song.id}`) },
    ...(album ? [{ label: 'Go to album', icon: 'album' as const, run: () => go(`/albums/${album.id}`) }] : []),
    ...(artist ? [{ label: 'Go to artist', icon: 'artist' as const, run: () => go(`/artists/${artist.id}`) }] : []),
    'line',
    ...(session.isAdmin || (song.ownerId !== null && song.ownerId === session.user?.id)
      ? [{ label: 'Edit', icon: 'edit' as const, run: () => go(`/studio/songs/${song.id}`) }]
      : []),
    { label: 'Analyse again', icon: 'refresh', run: () => analyzeAgain(song) },
    { label: 'Download', icon: 'download', run: () => download(song) },
    ...keeping(song),
  ]
}

/** What can be done with several, an album say. `load` answers them when they are wanted. */
export function songsMenu(load: () => Promise<readonly Song[]>): MenuItem[] {
  const withSongs = (use: (songs: readonly Song[]) => void) => () => {
    load().then(use, (thrown: unknown) => tellFault(thrown))
  }
  return [
    { label: 'Play', icon: 'play', run: withSongs((songs) => player.play(songs)) },
    { label: 'Shuffle', icon: 'shuffle', run: withSongs((songs) => player.playShuffled(songs)) },
    { label: 'Play next', icon: 'playNext', run: withSongs((songs) => player.playNext(songs)) },
    { label: 'Add to queue', icon: 'addQueue', run: withSongs((songs) => player.add(songs)) },
  ]
}
