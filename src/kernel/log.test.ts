import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startChild } from '#kernel/testing-child.ts'

const said = async (level: string, code: string): Promise<string> => {
  const file = JSON.stringify(join(import.meta.dirname, 'log.ts'))
  const program = `const { createLog } = await import(${file}); const log = createLog({ level: '${level}', pretty: false }); ${code}`
  const child = startChild('--input-type=module', ['-e', program])
  assert.equal(await child.gone, 0)
  assert.equal(child.stdout(), '', 'standard output is for answers')
  return child.stderr()
}

describe('the log', () => {
  test('hides secrets wherever they stand', async () => {
    const out = await said(
      'info',
      `log.info({ password: 's3cret', user: { email: 's3cret', name: 'ann' }, req: { headers: { authorization: 's3cret', cookie: 's3cret' } }, token: 's3cret' }, 'hello')`,
    )
    assert.ok(!out.includes('s3cret'), out)
    const line = JSON.parse(out) as { msg: string; user: { name: string; email: string } }
    assert.deepEqual([line.msg, line.user.name, line.user.email], ['hello', 'ann', '[hidden]'])
  })

  test('keeps to its level, and children say whose they are', async () => {
    const out = await said('warn', `log.info('no'); log.child({ module: 'catalog' }).warn('yes')`)
    assert.equal(out.trim().split('\n').length, 1)
    assert.equal((JSON.parse(out) as { module: string }).module, 'catalog')
  })
})
