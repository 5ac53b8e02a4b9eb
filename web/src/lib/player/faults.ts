import type { Quality, Song } from '#client/index.ts'
import { client } from '#lib/api.ts'

export type WhyNot = { sentence: string; tryAgain: boolean }

/** Asks the server why a track does not play: an audio element itself says nothing of the answer it got. */
export async function whyNot(song: Song, quality: Quality): Promise<WhyNot> {
  const title = `“${song.title}”`
  if (song.isMissing)
    return { sentence: `The file of ${title} is not where it was: put it back, or scan again.`, tryAgain: false }
  try {
    const response = await fetch(client.url.streamSong({ id: song.id, quality }), { headers: { range: 'bytes=0-1' } })
    if (response.ok)
      return {
        sentence: `This browser cannot play ${title} (${song.codec}): choose the quality “high” in the settings.`,
        tryAgain: quality !== 'original',
      }
    if (response.status === 401)
      return { sentence: 'Your session has ended: sign in again.', tryAgain: Boolean(await client.session.refresh()) }
    const problem = (await response.json().catch(() => ({}))) as { detail?: string }
    return {
      sentence: `${title} does not play: ${problem.detail ?? `the server answered ${response.status}.`}`,
      tryAgain: false,
    }
  } catch {
    return { sentence: 'The server does not answer: check that it runs and that you are online.', tryAgain: true }
  }
}
