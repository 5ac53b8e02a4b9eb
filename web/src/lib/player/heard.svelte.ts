import { player } from './player.svelte.ts'

/** Words last tenths of a second: while a song plays, the place in it is read with every picture. */
export function makeHeard(): { readonly ms: number } {
  let ms = $state(player.positionSec * 1000)
  $effect(() => {
    if (!player.playing) {
      ms = player.positionSec * 1000
      return undefined
    }
    let frame = requestAnimationFrame(function read() {
      ms = player.engine.heardSec() * 1000
      frame = requestAnimationFrame(read)
    })
    return () => cancelAnimationFrame(frame)
  })
  return {
    get ms() {
      return ms
    },
  }
}
