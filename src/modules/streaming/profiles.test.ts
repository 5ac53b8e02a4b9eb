import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '#kernel/errors.ts'
import { chooseProfile, requireCodec, requireProgressive, type Source, type Wish } from './profiles.ts'

const flac: Source = { codec: 'flac', bitrateKbps: 900 }
const vorbis: Source = { codec: 'vorbis', bitrateKbps: 112 }
const mp3 = (bitrateKbps: number | null): Source => ({ codec: 'mp3', bitrateKbps })

const cases: [string, Wish, Source, string][] = [
  ['nothing asked', {}, flac, 'original'],
  ['the original', { quality: 'original' }, flac, 'original'],
  ['low', { quality: 'low' }, flac, 'mp3-64'],
  ['medium', { quality: 'medium' }, flac, 'mp3-128'],
  ['high', { quality: 'high' }, flac, 'mp3-320'],
  ['a format without quality is high', { format: 'mp3' }, flac, 'mp3-320'],
  ['the original in another format is high', { quality: 'original', format: 'opus' }, flac, 'opus-256'],
  ['the original in its own format', { quality: 'original', format: 'flac' }, flac, 'original'],
  ['lossless to lossless', { format: 'wav' }, flac, 'wav'],
  ['a lossless format has no quality', { format: 'flac', quality: 'low' }, vorbis, 'flac'],
  ['FLAC of FLAC', { format: 'flac', quality: 'high' }, flac, 'original'],
  ['an MP3 within the quality', { quality: 'high' }, mp3(128), 'original'],
  ['an MP3 just at the quality', { quality: 'medium' }, mp3(129), 'original'],
  ['an MP3 above the quality', { quality: 'low' }, mp3(128), 'mp3-64'],
  ['an MP3 of unknown rate', { quality: 'high' }, mp3(null), 'mp3-320'],
  ['an MP3 whose rate reads 0', { quality: 'high' }, mp3(0), 'mp3-320'],
  ['Vorbis within the quality is still not MP3', { quality: 'high' }, vorbis, 'mp3-320'],
  ['the original, but quieter', { gainDb: -6.5 }, flac, 'mp3-320_gm65'],
  ['an MP3 within the quality, but louder', { quality: 'high', gainDb: 2 }, mp3(128), 'mp3-320_g20'],
  ['FLAC of FLAC, but quieter', { format: 'flac', gainDb: -1 }, flac, 'flac_gm10'],
  ['no louder at all', { gainDb: 0 }, flac, 'original'],
  ['AAC by the name of its tag', { format: 'aac' }, { codec: 'MPEG-4/AAC', bitrateKbps: 256 }, 'original'],
]
for (const [name, wish, source, expected] of cases)
  test(name, () => {
    const chosen = chooseProfile(wish, source)
    assert.equal(chosen === 'original' ? chosen : chosen.name, expected)
  })

test('what cannot be made is said, with what can', () => {
  requireCodec('mp3', ['mp3'])
  assert.throws(
    () => requireCodec('opus', ['mp3', 'flac']),
    (thrown: unknown) =>
      thrown instanceof AppError && thrown.code === 'codec_unavailable' && /mp3, flac/.test(thrown.message),
  )
  assert.throws(
    () => requireCodec('mp3', []),
    (thrown: unknown) => thrown instanceof AppError && thrown.status === 422 && /FFmpeg/.test(thrown.message),
  )
})

test('what has no length beforehand is no file', () => {
  for (const codec of ['mp3', 'opus', 'wav'] as const) requireProgressive(codec)
  for (const codec of ['aac', 'flac'] as const)
    assert.throws(
      () => requireProgressive(codec),
      (thrown: unknown) => thrown instanceof AppError && thrown.status === 422 && thrown.code === 'hls_only',
    )
})
