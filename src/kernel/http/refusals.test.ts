import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { forbidden, notFound } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { createFailures, createRefusals } from './refusals.ts'

function heard() {
  const lines: Record<string, unknown>[] = []
  const write = (line: Record<string, unknown>) => lines.push(line)
  const log = { info: write, error: write } as unknown as Log
  return { lines, log }
}
const request = {
  method: 'GET',
  id: 'r1',
  ip: '10.0.0.1',
  url: '/songs/secret?token=secret',
  routeOptions: { url: '/api/v1/songs/:id' },
} as unknown as FastifyRequest

test('a refusal is told by pattern and code, never by its address', () => {
  const { lines, log } = heard()
  createRefusals(log)(forbidden('You may not.'), request)
  assert.deepEqual(lines, [
    { status: 403, code: 'forbidden', method: 'GET', route: '/api/v1/songs/:id', address: '10.0.0.1', requestId: 'r1' },
  ])
})

test('what is no refusal is not told', () => {
  const { lines, log } = heard()
  createRefusals(log)(notFound('song'), request)
  assert.deepEqual(lines, [])
})

test('a flood is told by its number', () => {
  const { lines, log } = heard()
  let now = 5000
  const refuse = createRefusals(log, () => now)
  for (let i = 0; i < 1000; i++) refuse(forbidden('No.'), request)
  assert.equal(lines.length, 20)
  now += 1000
  refuse(forbidden('No.'), request)
  assert.equal(lines.at(-1)?.unwritten, 980)
})

test('a flood of failures fills no disk either, and hides no refusal', () => {
  const { lines, log } = heard()
  let now = 5000
  const [fail, refuse] = [createFailures(log, () => now), createRefusals(log, () => now)]
  for (let i = 0; i < 1000; i++) fail(new Error('away'), request)
  refuse(forbidden('No.'), request)
  assert.equal(lines.length, 21)
  now += 1000
  fail(new Error('away'), request)
  assert.equal(lines.at(-1)?.unwritten, 980)
})
