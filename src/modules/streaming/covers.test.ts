import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { ffmpeg, type Music, needsFfmpeg, startMusic, tuneWav } from './testing.ts'

let music: Music

/** A FLAC with this picture as its front cover. */
async function withCover(folder: string, name: string, seconds: number, picture: Buffer): Promise<void> {
  const [wav, cover] = [join(folder, '.tune.wav'), join(folder, '.cover.png')]
  await writeFile(wav, tuneWav(seconds))
  await writeFile(cover, picture)
  const art = ['-map', '0:a', '-map', '1:v', '-c:v', 'copy', '-disposition:v', 'attached_pic']
  await ffmpeg('-i', wav, '-i', cover, ...art, '-metadata', `title=${name}`, join(folder, name))
  const { rm } = await import('node:fs/promises')
  await Promise.all([rm(wav), rm(cover)])
}
const picture = (side: number, background: string) =>
  sharp({ create: { width: side, height: side, channels: 3, background } })
    .png()
    .toBuffer()

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      await withCover(folder, 'red.flac', 2, await picture(900, '#cc2200'))
      await withCover(folder, 'tiny.flac', 3, await picture(40, '#0022cc'))
      await writeFile(join(folder, 'bare.wav'), tuneWav(4))
    })
    for (const title of ['red.flac', 'tiny.flac'])
      await music.app.eventually(async () => {
        const answer = await music.fetch(title, '/cover?size=64')
        return (await answer.arrayBuffer()) && answer.ok
      }, `the cover of ${title}`)
  })
  after(() => music[Symbol.asyncDispose]())
}

const titleOfBare = () =>
  ['bare', 'bare.wav'].find((title) => {
    try {
      return music.id(title) !== ''
    } catch {
      return false
    }
  }) as string
const ask = (path: string, accept: string, more: Record<string, string> = {}) =>
  music.fetch('red.flac', `/cover${path}`, { headers: { accept, ...more } })
const measured = async (answer: Response) => sharp(Buffer.from(await answer.arrayBuffer())).metadata()

test('the next larger size, in the format the client names', needsFfmpeg, async () => {
  const cases: [string, string, string, number][] = [
    ['?size=100', 'image/avif,image/webp,*/*', 'webp', 128],
    ['?size=256', 'image/webp', 'webp', 256],
    ['?size=64', '*/*', 'jpeg', 64],
    ['', 'image/jpeg', 'jpeg', 512],
  ]
  for (const [path, accept, format, side] of cases) {
    const answer = await ask(path, accept)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), `image/${format}`)
    assert.match(answer.headers.get('vary') ?? '', /accept/i)
    const { width, format: found } = await measured(answer)
    assert.deepEqual([width, found], [side, format])
  }
})

test('AVIF for a client that names nothing else', needsFfmpeg, async () => {
  const answer = await ask('?size=64', 'image/avif')
  assert.equal(answer.headers.get('content-type'), 'image/avif')
  assert.ok((await answer.arrayBuffer()).byteLength > 0)
})

test('a small picture is not blown up', needsFfmpeg, async () => {
  const { width } = await measured(await music.fetch('tiny.flac', '/cover?size=512'))
  assert.equal(width, 40)
})

test('what the client has is not sent again; a versioned address is kept for ever', needsFfmpeg, async () => {
  const first = await ask('?size=64', 'image/webp')
  const etag = first.headers.get('etag') ?? ''
  assert.doesNotMatch(first.headers.get('cache-control') ?? '', /immutable/)
  await first.arrayBuffer()
  assert.equal((await ask('?size=64', 'image/webp', { 'if-none-match': etag })).status, 304)
  const versioned = await ask('?size=64&v=abc', 'image/webp')
  assert.match(versioned.headers.get('cache-control') ?? '', /immutable/)
  const other = await ask('?size=64', 'image/jpeg')
  assert.notEqual(other.headers.get('etag'), etag, 'another format is another representation')
  await Promise.all([versioned.arrayBuffer(), other.arrayBuffer()])
})

test('many who ask at once get the same picture, made once', needsFfmpeg, async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('?size=1024', 'image/webp')))
  const bodies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())))
  for (const body of bodies) assert.ok(body.equals(bodies[0] as Buffer))
})

test('HEAD answers the headers of GET', needsFfmpeg, async () => {
  const head = await music.fetch('red.flac', '/cover?size=64', { method: 'HEAD', headers: { accept: 'image/webp' } })
  const got = await ask('?size=64', 'image/webp')
  assert.equal(head.headers.get('content-length'), String((await got.arrayBuffer()).byteLength))
  assert.equal(head.headers.get('etag'), got.headers.get('etag'))
})

test('albums and artists have pictures too; a bare song says that it has none', needsFfmpeg, async () => {
  const admin = await music.app.as('admin')
  const bare = await admin.get(`/songs/${music.id(titleOfBare())}/cover`)
  assert.deepEqual([bare.status, bare.body['code']], [404, 'no_cover'])
  const unknown = '01999999-9999-7999-8999-999999999999'
  for (const path of [`/albums/${unknown}/cover`, `/artists/${unknown}/image`])
    assert.equal((await admin.get(path)).status, 404, path)
})

test(
  'the picture of an artist is made like any other, and stays where its address is versioned',
  needsFfmpeg,
  async () => {
    const admin = await music.app.as('admin')
    const song = (await admin.get(`/songs/${music.id('red.flac')}`)).body as { artists: { id: string }[] }
    const { imageUrl } = (await admin.get(`/artists/${song.artists[0]?.id}`)).body as { imageUrl: string }
    const address = `${music.app.url}${imageUrl}&size=128`
    const headers = { authorization: `Bearer ${music.token}`, accept: 'image/webp;q=0.4, image/avif;q=0.9' }
    const answer = await fetch(address, { headers })
    assert.equal(answer.headers.get('content-type'), 'image/avif')
    assert.match(answer.headers.get('cache-control') ?? '', /immutable/)
    const known = { ...headers, 'if-none-match': answer.headers.get('etag') ?? '' }
    const again = await fetch(address, { headers: known })
    assert.deepEqual([again.status, again.headers.get('vary')], [304, answer.headers.get('vary')])
    assert.equal((await fetch(address)).status, 401)
    await answer.arrayBuffer()
  },
)
