import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crumbsOf, folderHref } from './crumbs.ts'

test('the way to a folder, each part of it with its own address', () => {
  assert.deepEqual(crumbsOf(undefined, '', ''), [])
  assert.deepEqual(crumbsOf('f', '', ''), [
    { name: 'Folders', href: '/folders' },
    { name: '…', href: '/folders?in=f' },
  ])
  assert.deepEqual(
    crumbsOf('f', 'Music', 'Sigur Rós/100%25 ( )').map((c) => [c.name, c.href]),
    [
      ['Folders', '/folders'],
      ['Music', '/folders?in=f'],
      ['Sigur Rós', '/folders?in=f&path=Sigur+R%C3%B3s'],
      ['100% ( )', '/folders?in=f&path=Sigur+R%C3%B3s%2F100%2525+%28+%29'],
    ],
  )
  assert.equal(new URLSearchParams(folderHref('f', 'a%FF/b').split('?')[1]).get('path'), 'a%FF/b')
})
