import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { after, before, describe, mock, test } from 'node:test'
import { newId } from '#kernel/ids.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'
import { sweepForms } from './forms.ts'

const IMAGE_MAX = 2000
const AUDIO_MAX = 100_000

describe('files of operations', () => {
  let t: TestApp
  let token: string
  const id = newId()
  before(async () => {
    t = await startTestApp({
      modules: [door, notes],
      config: { uploadMaxBytes: AUDIO_MAX, uploadImageMaxBytes: IMAGE_MAX },
    })
    token = (await t.nobody.post('/enter', { role: 'user' })).body.token
  })
  after(() => t.stop())

  const room = () => join(t.dataDir, 'temp', 'forms')
  const left = () => readdir(room()).catch(() => [])
  type Part = string | { bytes: string; name?: string }
  const formOf = (parts: [string, Part][]): FormData => {
    const form = new FormData()
    for (const [name, part] of parts)
      if (typeof part === 'string') form.append(name, part)
      else form.append(name, new Blob([part.bytes]), part.name ?? 'file')
    return form
  }
  async function send(body: FormData | string, headers: Record<string, string> = {}, method = 'POST') {
    const answer = await fetch(`${t.url}/api/v1/notes/${id}/attach`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    })
    const text = await answer.text()
    return { status: answer.status, text, body: JSON.parse(text), headers: answer.headers }
  }
  const audio = { bytes: 'sound', name: 'ä "x" ../../y.mp3' }

  test('fields are read as their schema says, files are handed over whole and removed afterwards', async () => {
    const sha256 = createHash('sha256').update('sound').digest('hex')
    const a = await send(
      formOf([
        ['isPinned', 'true'],
        ['audio', audio],
        ['tags', 'one'],
        ['length', '7'],
        ['people', '[{"name":"Ann"}]'],
        ['picture', { bytes: 'pixels' }],
        ['audio', { bytes: 'more' }],
      ]),
    )
    assert.equal(a.status, 201, a.text)
    const { files, ...input } = a.body
    assert.deepEqual(input, { id, isPinned: true, tags: ['one'], lengthSec: 7, people: [{ name: 'Ann' }] })
    assert.deepEqual(files.audio[0], { fileName: 'y.mp3', sizeBytes: 5, sha256, text: 'sound' })
    assert.equal(files.audio[1].text, 'more')
    assert.equal(files.image[0].text, 'pixels')
    assert.deepEqual(await left(), [])
  })

  test('a text that looks like JSON is the text that it is', async () => {
    for (const label of ['[1]', '["x"]', '{"a":1}', '[]', 'null', '12']) {
      const a = await send(
        formOf([
          ['label', label],
          ['audio', audio],
        ]),
      )
      assert.deepEqual([a.status, a.body.label], [201, label], a.text)
    }
  })

  test('what pages send of untouched inputs is left out', async () => {
    const a = await send(
      formOf([
        ['length', ''],
        ['tags', ''],
        ['audio', audio],
        ['image', { bytes: '', name: '' }],
      ]),
    )
    assert.deepEqual(
      [a.status, a.body.lengthSec, a.body.tags, a.body.files.image ?? []],
      [201, undefined, undefined, []],
    )
  })

  test('several values of one name are a list, with or without brackets', async () => {
    for (const name of ['tags', 'tags[]']) {
      const a = await send(
        formOf([
          [name, 'a'],
          [name, 'b'],
          ['audio', audio],
        ]),
        {},
        'PUT',
      )
      assert.deepEqual(a.body.tags, ['a', 'b'])
    }
  })

  const refused: [string, [string, Part][], number, string][] = [
    ['no file', [['isPinned', 'true']], 400, 'upload_missing'],
    ['an empty file', [['audio', { bytes: '' }]], 400, 'upload_missing'],
    ['a file as a text field', [['audio', 'text']], 400, 'invalid_input'],
    [
      'an unknown file',
      [
        ['audio', audio],
        ['virus', audio],
      ],
      400,
      'invalid_input',
    ],
    [
      'an unknown field',
      [
        ['audio', audio],
        ['color', 'red'],
      ],
      400,
      'invalid_input',
    ],
    [
      'a field of the path',
      [
        ['audio', audio],
        ['id', newId()],
      ],
      400,
      'invalid_input',
    ],
    [
      'one too many',
      [
        ['audio', audio],
        ['audio', audio],
        ['audio', audio],
      ],
      400,
      'invalid_input',
    ],
    [
      'a picture too many',
      [
        ['audio', audio],
        ['image', audio],
        ['picture', audio],
      ],
      400,
      'invalid_input',
    ],
    [
      'a value that is none',
      [
        ['audio', audio],
        ['isPinned', 'perhaps'],
      ],
      400,
      'invalid_input',
    ],
    [
      'too large a picture',
      [
        ['image', { bytes: 'x'.repeat(IMAGE_MAX + 1) }],
        ['audio', audio],
      ],
      413,
      'body_too_large',
    ],
    ['too large a file', [['audio', { bytes: 'x'.repeat(AUDIO_MAX + 1) }]], 413, 'body_too_large'],
    [
      'too large a field',
      [
        ['tags', 'x'.repeat(300_000)],
        ['audio', audio],
      ],
      413,
      'body_too_large',
    ],
    [
      'a field named like a prototype',
      [
        ['__proto__', 'x'],
        ['audio', audio],
      ],
      400,
      'bad_multipart',
    ],
  ]
  for (const [name, parts, status, code] of refused)
    test(`${name} is refused and leaves nothing`, async () => {
      const a = await send(formOf(parts))
      assert.deepEqual([a.status, a.body.code], [status, code], a.text)
      assert.deepEqual(await left(), [])
    })

  test('JSON still works, but names no file', async () => {
    const json = { 'content-type': 'application/json' }
    for (const body of [{ isPinned: true }, { audio: [{ path: '/etc/passwd' }] }, { audio: '/etc/passwd' }]) {
      const a = await send(JSON.stringify(body), json)
      assert.equal(a.status, 400)
      assert.equal(a.body.code, 'audio' in body ? 'invalid_input' : 'upload_missing')
    }
    for (const [type, body] of [
      ['text/plain', 'x'],
      ['application/x-www-form-urlencoded', 'isPinned=true'],
    ] as const)
      assert.equal((await send(body, { 'content-type': type })).status, 415)
    const broken = await send('--x\r\nnonsense', { 'content-type': 'multipart/form-data; boundary=x' })
    assert.deepEqual([broken.status, broken.body.code], [400, 'bad_multipart'])
  })

  test('nobody sends bytes: who may call is asked first', async () => {
    const answer = await fetch(`${t.url}/api/v1/notes/${id}/attach`, {
      method: 'POST',
      body: formOf([['audio', audio]]),
    })
    assert.equal(answer.status, 401)
    assert.deepEqual(await left(), [])
  })

  test('a repeated request with its key is answered again; with other bytes it is a mistake', async () => {
    const key = { 'idempotency-key': newId() }
    const first = await send(formOf([['audio', audio]]), key)
    const second = await send(formOf([['audio', audio]]), key)
    assert.equal(second.headers.get('idempotency-replayed'), 'true')
    assert.deepEqual(second.body, first.body)
    const other = await send(formOf([['audio', { bytes: 'else', name: audio.name }]]), key)
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_mismatch'])
  })

  test('a client that goes away in the middle leaves nothing', async () => {
    const { port, hostname } = new URL(t.url)
    const head = `--x\r\nContent-Disposition: form-data; name="audio"; filename="f"\r\n\r\n${'a'.repeat(70_000)}`
    const socket = connect(Number(port), hostname)
    socket.write(
      `POST /api/v1/notes/${id}/attach HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 90000\r\n\r\n${head}`,
    )
    await t.eventually(async () => (await left()).length === 1, 'the file to be begun')
    socket.destroy()
    await t.eventually(async () => (await left()).length === 0, 'the file to be removed')
  })

  test('files that would fill the disk are refused, whether their size was told or not', async () => {
    const full = mock.method(promises, 'statfs', async () => ({ bavail: 1, bsize: 4096 }))
    syncBuiltinESMExports()
    try {
      const told = await send(formOf([['audio', audio]]))
      assert.deepEqual([told.status, told.body.code], [507, 'storage_full'])
      const head = '--x\r\nContent-Disposition: form-data; name="audio"; filename="f"\r\n\r\nabc\r\n--x--\r\n'
      full.mock.mockImplementationOnce(async () => ({ bavail: 2 ** 30, bsize: 4096 }))
      const untold = await send(head, { 'content-type': 'multipart/form-data; boundary=x' })
      assert.deepEqual([untold.status, untold.body.code], [507, 'storage_full'])
    } finally {
      mock.restoreAll()
      syncBuiltinESMExports()
    }
    assert.deepEqual(await left(), [])
  })

  test('what a killed process left is swept once nobody can be writing it', async () => {
    await mkdir(room(), { recursive: true })
    const [old, fresh] = [join(room(), newId()), join(room(), newId())]
    await writeFile(old, 'x')
    await writeFile(fresh, 'x')
    const daysAgo = new Date(Date.now() - 2 * 86_400_000)
    await utimes(old, daysAgo, daysAgo)
    await sweepForms({ dataDir: t.dataDir, uploadMaxBytes: 1, uploadImageMaxBytes: 1 })
    assert.deepEqual(await left(), [fresh.slice(room().length + 1)])
  })
})
