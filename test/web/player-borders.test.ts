/** What may happen at the border of two tracks: a pause, a seek, a next track that is late, a crossfade. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { until } from './page.ts'
import { type Ears, onceCalm, startEars } from './player-ears.ts'
import { borderOf, CUT_AT, largestStep, placeInTune, RATE_HZ, skipSound, TUNE } from './player-sound.ts'

/** Of the tune itself, with room for what a filter adds; a click is several times as much. */
const STEP_MAX = largestStep(TUNE) * 1.3
const BOTH_STEP_MAX = largestStep(TUNE) * 1.7
/** Where the last sound ends: what follows is silence. */
const endOf = (sound: Float32Array): number => sound.findLastIndex((sample) => Math.abs(sample) > 0.02)
/** Steps that are too large, and when; the tune itself breaks off at its end. */
const stepsOf = (sound: Float32Array): string[] =>
  [...sound.subarray(0, endOf(sound) - 100).keys()].flatMap((i) => {
    const step = Math.abs((sound[i] ?? 0) - (sound[i - 1] ?? 0))
    return i > 0 && step > STEP_MAX ? [`${step.toFixed(2)} at ${(i / RATE_HZ).toFixed(3)} s`] : []
  })
/** Silence of some ms, and where it ends. */
const firstQuiet = (sound: Float32Array): number => {
  const from = sound.findIndex((_, i) => i > RATE_HZ / 2 && sound.subarray(i, i + 500).every((v) => v === 0))
  return sound.findIndex((v, i) => i > from && v !== 0)
}
const ALBUM = 'flac then flac'

void describe('web app: borders of tracks', { skip: skipSound, timeout: 300_000 }, () => {
  let ears: Ears
  before(async () => {
    ears = await startEars([['flac', 'flac']])
  })
  after(() => ears?.stop())
  const slider = () => ears.page.getByRole('slider', { name: 'Position' })
  const shownSec = async () => Number(await slider().getAttribute('aria-valuenow'))
  const title = () => ears.page.getByRole('contentinfo', { name: 'Player' }).locator('.title').innerText()

  async function seekCloseToTheEnd(): Promise<void> {
    await ears.playAlbum(ALBUM, { quality: 'original' })
    await ears.heardFor('the beginning', 0.4)
    const box = await slider().boundingBox()
    assert.ok(box)
    await ears.page.mouse.click(box.x + box.width * 0.8, box.y + box.height / 2)
    const sound = await ears.heardFor('the rest', 4.5)
    const last = endOf(sound) - RATE_HZ
    const { place, likeness } = placeInTune(sound, last, { count: 6000, near: CUT_AT + RATE_HZ, range: 2 * RATE_HZ })
    assert.ok(likeness > 0.99, 'the tune goes on')
    const cut = last - (place - CUT_AT)
    const before = placeInTune(sound, cut - 9000, { count: 6000, near: CUT_AT - 9000, range: 2000 })
    assert.equal(before.place, CUT_AT - 9000, 'no gap')
    assert.deepEqual(stepsOf(sound), [], 'clicks')
  }
  void it('a seek close to the end goes on into the next track without a gap or a click', () =>
    onceCalm(seekCloseToTheEnd))

  const button = (name: string) =>
    ears.page.getByRole('contentinfo', { name: 'Player' }).getByRole('button', { name, exact: true }).first()

  /** Pauses and goes on three times around the border. */
  async function pauseAround(): Promise<void> {
    await ears.playAlbum(ALBUM, { quality: 'original' })
    await ears.heardFor('most of the first track', 1.7)
    for (let i = 0; i < 3; i++) {
      for (const name of ['Pause', 'Play']) {
        // A machine that is too busy comes to the end of the music before: that is tried again.
        await until(name, () => button(name).count(), Boolean, 3000)
        await button(name).click()
      }
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    await until('the second track', title, (text) => text.endsWith('2'))
    const sound = await ears.heardFor('the second track', 4)
    const last = endOf(sound) - RATE_HZ / 2
    const found = placeInTune(sound, last, { count: 6000, near: CUT_AT + RATE_HZ, range: 2 * RATE_HZ })
    assert.ok(found.likeness > 0.99, `the tune goes on: ${found.likeness}`)
    const silence = sound.findIndex((_, i) => i > RATE_HZ && sound.subarray(i, i + 500).every((v) => v === 0))
    assert.ok(silence > 0 && silence < endOf(sound), 'it was silent in between')
    assert.deepEqual(stepsOf(sound), [], 'clicks')
  }
  void it('pauses around the border do not click, and the tune goes on', () => onceCalm(pauseAround))

  async function skipOn(): Promise<void> {
    await ears.playAlbum(ALBUM, { quality: 'original' })
    await ears.heardFor('some of the first track', 0.8)
    await button('Next').click()
    await until('the second track', title, (text) => text.endsWith('2'))
    const sound = await ears.heardFor('some of the second track', 2)
    const begin = firstQuiet(sound)
    const { place, likeness } = placeInTune(sound, begin, { count: 2000, near: CUT_AT, range: 1000 })
    assert.deepEqual([place, likeness > 0.999], [CUT_AT, true], 'the next track begins with its first sample')
    assert.deepEqual(stepsOf(sound), [], 'clicks')
  }
  void it('the next track, asked for in mid-music: no click, and its beginning is whole and sharp', () =>
    onceCalm(skipOn))

  async function playAnew(): Promise<void> {
    await ears.playAlbum(ALBUM, { quality: 'original' })
    await ears.heardFor('some of the first track', 0.8)
    await ears.page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).first().click()
    const sound = await ears.heardFor('it begins anew', 2)
    const at = endOf(sound) - 8000
    const { place, likeness } = placeInTune(sound, at, { count: 6000, near: at - RATE_HZ, range: RATE_HZ })
    assert.ok(likeness > 0.999 && place < at - RATE_HZ / 2, 'it began anew')
    // Both sound together for some moments, so their steps may add up.
    assert.ok(largestStep(sound, 1, endOf(sound) - 100) < BOTH_STEP_MAX, 'clicks')
  }
  void it('another track, asked for in mid-music, does not cut the sound off with a click', () => onceCalm(playAnew))

  void it('a next track that is late comes as soon as it is there, and nothing clicks', async () => {
    const [, second] = await ears.songsOf(ALBUM)
    const stream = new RegExp(`/songs/${second?.id}/stream`)
    let asked = 0
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    await ears.page.context().route(stream, async (route) => {
      asked += 1
      await gate
      await route.continue()
    })
    await ears.playAlbum(ALBUM, { quality: 'original' })
    await ears.heardFor('the first track and silence', CUT_AT / RATE_HZ + 1)
    open()
    await until('the second track', title, (text) => text.endsWith('2'), 20_000)
    const sound = await ears.heardFor('the second track', 7)
    await ears.page.context().unroute(stream)
    assert.ok(asked > 0, 'the second track was held up')
    const last = endOf(sound) - RATE_HZ / 2
    const found = placeInTune(sound, last, { count: 6000, near: CUT_AT + RATE_HZ, range: 2 * RATE_HZ })
    assert.ok(found.likeness > 0.99, `the tune goes on: ${found.likeness}`)
    assert.ok(last - found.place > RATE_HZ / 4, 'there was a wait')
    // A busy machine drops sound where it likes: what counts is how the first track ends and the second begins.
    const quiet = sound.findIndex((_, i) => i > RATE_HZ && sound.subarray(i, i + 2000).every((v) => Math.abs(v) < 1e-4))
    assert.deepEqual(stepsOf(sound.subarray(quiet - 2000, quiet + 2000)), [], 'a click at the end')
  })

  void it('shows what plays, and the place in it', async () => {
    await ears.playAlbum(ALBUM, { quality: 'original' })
    await until('the second track', title, (text) => text.endsWith('2'))
    assert.ok((await shownSec()) < 2.6)
    await ears.page.keyboard.press('n')
    await ears.page.getByRole('region', { name: 'What is playing' }).getByText('FLAC 16/44.1').waitFor()
    await ears.page.keyboard.press('Escape')
  })

  void it('an album in order is not crossfaded; in any other order tracks sound together', async () => {
    await onceCalm(async () => {
      await ears.playAlbum(ALBUM, { quality: 'original', crossfadeSec: 6 })
      const { gapMs } = borderOf(await ears.heardFor('both tracks', 4.6))
      await ears.page.keyboard.press('Space')
      assert.ok(Math.abs(gapMs) <= 1, `gap of ${gapMs} ms`)
    })
    await ears.playAlbum(ALBUM, { quality: 'original', crossfadeSec: 6 })
    // Repeat of the queue: after the second track comes the first, which is no order of the album.
    await ears.page.getByRole('button', { name: 'Repeat is off' }).first().click()
    const sound = await ears.heardFor('the first track again', 6)
    const both = 5 * RATE_HZ - 0.3 * RATE_HZ
    const ending = placeInTune(sound, both, { count: 6000, near: both, range: 3000 })
    assert.ok(ending.likeness < 0.97, `only one track sounds in the fade: ${ending.likeness}`)
  })

  void it('never made the browser complain', () => assert.deepEqual(ears.complaints, []))
})
