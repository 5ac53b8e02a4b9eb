/** Songs in another container: the packets are theirs to the bit, and what is heard is what their files sound like. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, rename, utimes, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { createMedia } from '#kernel/media/index.ts'
import { attributesOf, boxAt, readPlaylist, runOf, secondsOf, sum, valuesOf } from '../../hls/testing.ts'
import { encoders, makeTune, type Music, needsFfmpeg, startMusic } from '../../testing.ts'
import type { SongFile } from '../../visible.ts'
import { createCopySources } from './sources.ts'

const run = promisify(execFile)
const SECONDS = 13.3
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024
const HASH_COLUMN = 5
const RANGES = 40

type Case = {
  readonly name: string
  readonly args: readonly string[]
  readonly to?: 'mp4' | 'ogg' | 'flac'
  /** What a muxer does to packets of the source that are written with heads there. */
  readonly filter?: string
  readonly hls?: string
}
const AAC = '-c:a aac -b:a 96k'.split(' ')
const CASES: readonly Case[] = [
  { name: 'cd.m4a', args: [...AAC, '-ar', '44100', '-ac', '2'], hls: 'mp4a.40.2' },
  { name: 'mono.m4a', args: [...AAC, '-ar', '48000', '-ac', '1', '-movflags', '+faststart'], hls: 'mp4a.40.2' },
  {
    name: 'bare.aac',
    args: [...AAC, '-ar', '44100', '-ac', '2'],
    to: 'mp4',
    filter: 'aac_adtstoasc',
    hls: 'mp4a.40.2',
  },
  { name: 'opus.webm', args: ['-c:a', 'libopus', '-b:a', '96k', '-ac', '2'], to: 'ogg' },
  { name: 'long.mka', args: ['-c:a', 'libopus', '-frame_duration', '60', '-vbr', 'off'], to: 'ogg' },
  { name: 'flac.mka', args: ['-c:a', 'flac', '-ar', '44100'], to: 'flac' },
  { name: 'flac.oga', args: ['-c:a', 'flac', '-f', 'ogg'], to: 'flac' },
]
const FILES = CASES.filter((c): c is Case & { to: 'mp4' | 'ogg' | 'flac' } => c.to !== undefined)
const TIERS = [
  ...CASES.filter((c): c is Case & { hls: string } => c.hls !== undefined),
  // Its frames stand for 2048 samples of a decoder.
  { name: 'he.m4a', args: [], hls: 'mp4a.40.5' },
]

/** A core of half the rate, and a config that says so: FFmpeg makes the one, but not the other. */
const HALF_RATE = ['-ar', '22050', '-ac', '2']
const PLAIN_CONFIG = Buffer.from('139056e500', 'hex')
const HIGH_EFFICIENCY_CONFIG = Buffer.from('2b92080000', 'hex')
async function asHighEfficiency(path: string): Promise<void> {
  const file = await readFile(path)
  const at = file.indexOf(PLAIN_CONFIG)
  assert.ok(at > 0)
  HIGH_EFFICIENCY_CONFIG.copy(file, at)
  await writeFile(path, file)
}

let music: Music
if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      for (const { name, args } of CASES) await makeTune(folder, { name, seconds: SECONDS, args })
      await makeTune(folder, { name: 'plain.mp3', seconds: 3 })
      await makeTune(folder, { name: 'parts.m4a', seconds: 3, args: ['-movflags', 'frag_keyframe+empty_moov'] })
      await asHighEfficiency(await makeTune(folder, { name: 'he.m4a', seconds: SECONDS, args: [...AAC, ...HALF_RATE] }))
      await makeTune(folder, { name: 'changes.aac', seconds: 3, args: AAC })
    })
  })
  after(() => music?.[Symbol.asyncDispose]())
}

/** What these files can say of themselves is not read: they are called as their files are. */
const UNTITLED: ReadonlySet<string> = new Set(['.aac', '.oga'])
const titleOf = (name: string): string => (UNTITLED.has(extname(name)) ? basename(name, extname(name)) : name)
const ask: Music['fetch'] = (name, path, init) => music.fetch(titleOf(name), path, init)

async function get(name: string, path: string, headers: Record<string, string> = {}) {
  const answer = await ask(name, path, { headers })
  const body = Buffer.from(await answer.arrayBuffer())
  assert.ok(answer.status === 200 || answer.status === 206, `${answer.status} ${body.toString().slice(0, 300)}`)
  return { answer, body }
}
/** Checksums of packets, as FFmpeg takes them out. */
async function packets(path: string, filter?: string): Promise<string[]> {
  const args = ['-v', 'error', '-nostdin', '-i', path, '-map', '0:a:0', '-c', 'copy']
  const bsf = filter ? ['-bsf:a', filter] : []
  const { stdout } = await run('ffmpeg', [...args, ...bsf, '-f', 'framehash', '-hash', 'md5', '-'], {
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => line.split(',')[HASH_COLUMN]?.trim() ?? '')
}
async function heard(path: string): Promise<Buffer> {
  const args = ['-v', 'error', '-nostdin', '-i', path, '-map', '0:a:0', '-c:a', 'pcm_f32le', '-f', 'f32le', '-']
  return (await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: OUTPUT_BYTES_MAX })).stdout
}
const sourceOf = (name: string): string => join(music.folder, name)
async function kept(name: string, bytes: Buffer): Promise<string> {
  const path = join(music.app.dataDir, name)
  await writeFile(path, bytes)
  return path
}
const status = async (name: string, path: string) => {
  const answer = await ask(name, path)
  const problem = answer.headers.get('content-type')?.includes('problem')
  const code = problem ? ((await answer.json()) as { code: string }).code : void (await answer.arrayBuffer())
  return [answer.status, code]
}

describe('one file', needsFfmpeg, () => {
  for (const { name, to, filter } of FILES)
    test(`${name} in ${to}: every packet, and every sample from the first to the last`, async () => {
      const { answer, body } = await get(name, `/stream?container=${to}`)
      assert.equal(answer.headers.get('content-length'), String(body.length))
      assert.equal(answer.headers.get('tutti-rendition'), `copy-${to}`)
      const copy = await kept(`whole.${to}`, body)
      assert.deepEqual(await packets(copy), await packets(sourceOf(name), filter))
      assert.ok((await heard(copy)).equals(await heard(sourceOf(name))))
    })

  test('any range is what it is of the whole, also before anything else was asked', async () => {
    for (const { name, to } of FILES) {
      const { body } = await get(name, `/stream?container=${to}`)
      for (let i = 0; i < RANGES; i++) {
        const start = Math.floor((i / RANGES) * body.length)
        const end = Math.min(body.length, start + 1 + i * i * 37)
        const { answer, body: part } = await get(name, `/stream?container=${to}`, {
          range: `bytes=${start}-${end - 1}`,
        })
        assert.equal(answer.status, 206)
        assert.ok(part.equals(body.subarray(start, end)), `${name} ${start}-${end}`)
      }
    }
  })

  test('what cannot be copied so is told', async () => {
    for (const [name, query] of [
      ['plain.mp3', 'container=mp4'],
      ['cd.m4a', 'container=mp4'],
      ['opus.webm', 'container=flac'],
      ['flac.oga', 'container=flac&quality=low'],
      ['flac.oga', 'container=flac&normalize=track'],
    ] as const)
      assert.deepEqual(await status(name, `/stream?${query}`), [422, 'not_copied'], `${name} ${query}`)
    assert.deepEqual(await status('flac.oga', '/stream?container=wav'), [400, 'invalid_input'])
  })
})

const TIER = 'copy-aac'
type Tier = { init: Buffer; all: Buffer[]; seconds: number[]; line: Record<string, string> }
async function tierOf(name: string): Promise<Tier> {
  const master = readPlaylist((await get(name, '/hls/master.m3u8?copy=true')).body.toString())
  const at = master.entries.findIndex((e) => e.uri.startsWith(`${TIER}/`))
  const line = attributesOf(valuesOf(master.tags, 'EXT-X-STREAM-INF')[at] ?? '')
  const list = readPlaylist((await get(name, `/hls/${TIER}/index.m3u8`)).body.toString())
  const map = attributesOf(valuesOf(list.tags, 'EXT-X-MAP')[0] ?? '')['URI'] ?? ''
  const init = (await get(name, `/hls/${TIER}/${map}`)).body
  const all: Buffer[] = []
  // From the last to the first: none needs another.
  for (const { uri } of list.entries.toReversed()) all.unshift((await get(name, `/hls/${TIER}/${uri}`)).body)
  const longest = Math.max(...secondsOf(list).map(Math.round))
  assert.ok(longest <= Number(valuesOf(list.tags, 'EXT-X-TARGETDURATION')[0]))
  return { init, all, seconds: secondsOf(list), line }
}

const below = (url: string) => url.replace(/^.*\/songs\/[^/]*/, '')
const offered = async (name: string, query: string) =>
  readPlaylist((await get(name, `/hls/master.m3u8?${query}`)).body.toString()).entries.map((e) => e.uri.split('/')[0])

describe('segments', needsFfmpeg, () => {
  for (const { name, filter, hls } of TIERS)
    test(`${name}: every packet in its place, and every sample`, async () => {
      const { init, all, seconds, line } = await tierOf(name)
      const source = sourceOf(name)
      const path = await kept('copy.mp4', Buffer.concat([init, ...all]))
      assert.deepEqual(await packets(path), await packets(source, filter))
      // FFmpeg minds no edit list of fragments, so it gives the delay, too.
      const own = await heard(source)
      const copy = await heard(path)
      const delay = copy.length - own.length
      assert.ok(delay >= 0 && copy.subarray(delay).equals(own), `${delay}`)
      const trak = boxAt(init, 'moov', 'trak')
      const channels = boxAt(trak, 'mdia', 'minf', 'stbl', 'stsd').readUInt16BE(8 + 8 + 16)
      const told = delay > 0 ? boxAt(trak, 'edts', 'elst').readUInt32BE(12) : 0
      assert.equal(told, delay / 4 / channels, 'the edit list takes off what is before the music')
      assert.equal(line['CODECS'], hls)
      const rate = boxAt(trak, 'mdia', 'mdhd').readUInt32BE(12)
      const packetSamples = boxAt(init, 'moov', 'mvex', 'trex').readUInt32BE(12)
      let at = 0
      for (const segment of all) {
        const { decodeTime, samples } = runOf(segment, packetSamples)
        assert.equal(decodeTime, at)
        at += samples
      }
      assert.ok(Math.abs(sum(seconds) - (at - told) / rate) < 0.001)
      assert.ok(Math.abs(sum(seconds) - SECONDS) < 0.06, 'as long as the music')
      const peak = Math.max(...all.slice(0, -1).map((s, i) => (s.length * 8) / (seconds[i] as number)))
      assert.ok(peak <= Number(line['BANDWIDTH']) + 1 && peak > 0.99 * Number(line['BANDWIDTH']), `${peak}`)
      const mean = (sum(all.map((s) => s.length)) * 8) / sum(seconds)
      assert.ok(Math.abs(mean / Number(line['AVERAGE-BANDWIDTH']) - 1) < 0.001)
    })

  test('the copy is offered where it was asked for, and then nothing that takes as much', async () => {
    assert.deepEqual(await offered('cd.m4a', ''), ['aac-128', 'aac-64'])
    assert.deepEqual(await offered('cd.m4a', 'copy=true'), [TIER, 'aac-64'])
    assert.deepEqual(await offered('cd.m4a', 'copy=true&maxBitrateKbps=70'), ['aac-64'])
    assert.deepEqual(await offered('plain.mp3', 'copy=true'), await offered('plain.mp3', ''))
    assert.deepEqual(await offered('parts.m4a', 'copy=true'), await offered('parts.m4a', ''))
    assert.deepEqual(await status('parts.m4a', `/hls/${TIER}/index.m3u8`), [404, 'not_found'])
    assert.deepEqual(await status('plain.mp3', `/hls/${TIER}/init.mp4`), [404, 'not_found'])
    assert.deepEqual(await status('cd.m4a', `/hls/${TIER}/999.m4s`), [404, 'not_found'])
  })

  test('DASH has the copy in a set of its own, because its segments meet elsewhere', async () => {
    const text = (await get('cd.m4a', '/hls/manifest.mpd?copy=true')).body.toString()
    const sets = text.match(/<AdaptationSet .*?<\/AdaptationSet>/g) ?? []
    assert.deepEqual(
      sets.map((set) => /<Representation id="([\w-]+)"/.exec(set)?.[1]),
      [TIER, 'aac-64'],
    )
  })

  test('no encoder runs, and no place among the transcodes is taken', async () => {
    await tierOf('cd.m4a')
    await get('bare.aac', '/stream?container=mp4')
    assert.match(await music.app.app.ports.metrics.text(), /transcodes_active 0/)
    assert.deepEqual(await encoders(), [])
  })
})

describe('decisions', needsFfmpeg, () => {
  type Playback = {
    decision: string
    use: string
    stream: { url: string; mimeType: string } | null
    hls: { url: string } | null
  }
  const playback = async (name: string, query: string): Promise<Playback> =>
    JSON.parse((await get(name, `/playback?${query}`)).body.toString()) as Playback

  test('a remux is answered, and its addresses give it', async () => {
    for (const [name, query, rendition] of [
      ['bare.aac', 'codecs=audio/mp4', 'copy-mp4'],
      ['opus.webm', 'codecs=audio/ogg', 'copy-ogg'],
      ['flac.oga', 'client=safari', 'copy-flac'],
    ] as const) {
      const found = await playback(name, query)
      assert.deepEqual([found.decision, found.use], ['remux', 'stream'], name)
      const { answer } = await get(name, below(found.stream?.url ?? ''))
      assert.equal(answer.headers.get('content-type'), found.stream?.mimeType)
      assert.equal(answer.headers.get('tutti-rendition'), rendition)
    }
  })

  test('for a player of HLS alone it is a tier', async () => {
    const found = await playback('cd.m4a', 'codecs=hls')
    assert.deepEqual([found.decision, found.use, found.stream], ['remux', 'hls', null])
    assert.match((await get('cd.m4a', below(found.hls?.url ?? ''))).body.toString(), /copy-aac\/index\.m3u8/)
  })

  test('what looks as if it could be copied, and cannot, is transcoded', async () => {
    const found = await playback('parts.m4a', 'codecs=hls')
    assert.deepEqual([found.decision, found.use], ['transcode', 'hls'])
    assert.doesNotMatch(found.hls?.url ?? '', /copy/)
  })

  test('signed addresses need no header', async () => {
    const found = await playback('bare.aac', 'codecs=audio/mp4&signed=true')
    for (const url of [found.stream?.url ?? '', found.hls?.url ?? '']) {
      const answer = await fetch(music.app.url + url)
      assert.equal(answer.status, 200, url)
      await answer.body?.cancel()
    }
  })
})

test('no FFmpeg is needed', needsFfmpeg, async () => {
  const media = await createMedia({ driver: 'none' })
  try {
    const sources = createCopySources({ media })
    for (const { name, to } of FILES) {
      const { container, codec } = (await media.probe(sourceOf(name))) as { container: string; codec: string }
      const pathBase64 = Buffer.from(sourceOf(name)).toString('base64')
      const file = { pathBase64, container, codec, contentId: name, blobKey: null } as unknown as SongFile
      const source = await sources.of(file, to)
      assert.ok(source, name)
      const { header, pieceBytes } = source.into(to)
      const sizeBytes = header.length + sum([...pieceBytes])
      assert.equal(sizeBytes, (await get(name, `/stream?container=${to}`)).body.length)
    }
  } finally {
    await media.close()
  }
})

test(
  'a file that changes is another one: never the packets of the old where those of the new lie',
  needsFfmpeg,
  async () => {
    const before = await get('changes.aac', '/stream?container=mp4')
    const path = sourceOf('changes.aac')
    const other = await makeTune(music.app.dataDir, {
      name: 'other.aac',
      seconds: 2,
      args: ['-c:a', 'aac', '-b:a', '64k'],
    })
    await rename(other, path)
    await utimes(path, 1, 1)
    const after = await get('changes.aac', '/stream?container=mp4')
    assert.notEqual(after.answer.headers.get('etag'), before.answer.headers.get('etag'))
    const copy = await kept('changed.mp4', after.body)
    assert.deepEqual(await packets(copy), await packets(path, 'aac_adtstoasc'))
    await writeFile(path, (await readFile(path)).subarray(0, 40))
    assert.deepEqual(await status('changes.aac', '/stream?container=mp4'), [422, 'not_copied'])
  },
)
