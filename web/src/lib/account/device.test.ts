import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceOf } from './device.ts'

const AGENTS: readonly [string | null, string, string][] = [
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0', 'Firefox on Windows', 'desktop'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
    'Safari on iPhone',
    'phone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
    'Chrome on Android',
    'phone',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0',
    'Edge on Windows',
    'desktop',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
    'Safari on macOS',
    'desktop',
  ],
  ['curl/8.5.0', 'curl 8.5.0', 'terminal'],
  ['node', 'node', 'terminal'],
  ['Symfonium/9.1 (Android 15; Mobile)', 'Symfonium 9.1 on Android', 'phone'],
  ['Mozilla/5.0', 'Unknown device', 'terminal'],
  ['   ', 'Unknown device', 'terminal'],
  [null, 'Unknown device', 'terminal'],
]

void test('a user agent is said in words', () => {
  for (const [agent, name, icon] of AGENTS) assert.deepEqual(deviceOf(agent), { name, icon }, String(agent))
})

void test('a very long agent stays short', () => {
  assert.ok(deviceOf('x'.repeat(5000)).name.length <= 40)
})
