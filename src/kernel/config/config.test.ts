import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { envExample } from './env-example.ts'
import { ConfigError, readConfig, readEnv } from './index.ts'
import type { Setting } from './schema.ts'
import { settings } from './settings.ts'

const dir = mkdtempSync(join(tmpdir(), 'tutti-config-'))
after(() => rmSync(dir, { recursive: true }))
const all = Object.entries(settings) as [string, Setting<unknown>][]

const faultsOf = (env: Record<string, string>, names: string[] = []): readonly string[] => {
  try {
    readConfig(env, names)
    return []
  } catch (thrown) {
    assert.ok(thrown instanceof ConfigError)
    return thrown.faults
  }
}

describe('configuration', () => {
  test('nothing needs to be set', () => {
    const c = readConfig({})
    assert.equal(c.port, 3000)
    assert.equal(c.host, '127.0.0.1')
    assert.equal(c.dataDir, resolve('data'))
    assert.deepEqual(c.musicDirs, [])
    assert.equal(c.databaseUrl, undefined)
    assert.equal(c.accessTokenTtlSec, 900)
    assert.deepEqual(c.urls, {})
  })

  test('every fault is told at once, secrets without their value', () => {
    const faults = faultsOf(
      {
        PORT: '99999',
        LOG_LEVEL: 'loud',
        DATABASE_URL: 'mysql://user:hunter2@db/x',
        ACCESS_TOKEN_TTL: 'soon',
        CORS_ORIGIN: 'https://app.example.org/path',
        TRUST_PROXY: '10.0.0.0/33',
        ENABLE_REAL_TIME: 'maybe',
        CATALOG_URL: 'catalog:3000',
        REDIS_HOST: 'redis',
        REDIS_PORT: 'x',
        ENCRYPT_KEY_FILE: '/nowhere/key',
      },
      ['catalog'],
    )
    const about = faults.map((f) => f.split(' ')[0])
    assert.deepEqual(
      [...about].sort(),
      [
        'PORT',
        'LOG_LEVEL',
        'DATABASE_URL',
        'ACCESS_TOKEN_TTL',
        'CORS_ORIGIN',
        'TRUST_PROXY',
        'ENABLE_REAL_TIME',
        'CATALOG_URL',
        'REDIS_PORT',
        'ENCRYPT_KEY_FILE',
      ].sort(),
    )
    assert.ok(!faults.join().includes('hunter2'))
    assert.ok(faults.some((f) => f === 'PORT must be a whole number from 0 to 65535, but is "99999"'))
    assert.match(new ConfigError(faults).message, /^The configuration has 10 faults:\n {2}- /)
  })

  test('older spellings are read, the present one wins', () => {
    assert.equal(readConfig({ JWT_EXPIRES_IN: '1h' }).accessTokenTtlSec, 3600)
    assert.equal(readConfig({ JWT_EXPIRES_IN: '1h', ACCESS_TOKEN_TTL: '2h' }).accessTokenTtlSec, 7200)
    assert.deepEqual(readConfig({ CORS_ORIGINS: 'https://a.example, http://b.example:81/' }).corsOrigins, [
      'https://a.example',
      'http://b.example:81',
    ])
    assert.equal(readConfig({ REDIS_HOST: 'cache' }).redisUrl, 'redis://cache:6379')
    assert.equal(readConfig({ REDIS_HOST: 'cache', REDIS_URL: 'redis://other' }).redisUrl, 'redis://other')
    for (const [name, s] of all)
      for (const alias of s.aliases ?? []) {
        const value = s.example ?? String(s.fallback)
        assert.deepEqual(
          (readConfig({ [alias]: value }) as Record<string, unknown>)[name],
          (readConfig({ [s.env]: value }) as Record<string, unknown>)[name],
          alias,
        )
      }
  })

  test('an empty value is none, and a *_FILE then counts', () => {
    const file = join(dir, 'secret')
    writeFileSync(file, 'postgres://u:p@db/tutti\n')
    assert.equal(readConfig({ DATABASE_URL_FILE: file }).databaseUrl, 'postgres://u:p@db/tutti')
    assert.equal(readConfig({ DATABASE_URL: '', DATABASE_URL_FILE: file }).databaseUrl, 'postgres://u:p@db/tutti')
    assert.equal(readConfig({ PORT: '' }).port, 3000)
    assert.equal(readConfig({ CATALOG_URL: '' }, ['catalog']).urls.catalog, undefined)
  })

  test('.env is read, and what is set outside wins', () => {
    const file = join(dir, '.env')
    writeFileSync(file, '# a comment\nPORT=4000\nHOST="0.0.0.0"\n')
    const c = readConfig(readEnv({ PORT: '5000' }, file))
    assert.deepEqual([c.port, c.host], [5000, '0.0.0.0'])
    assert.deepEqual(readEnv({ A: '1' }, join(dir, 'none')), { A: '1' })
  })

  const values: [string, string, keyof typeof settings, unknown][] = [
    ['ACCESS_TOKEN_TTL', '900', 'accessTokenTtlSec', 900],
    ['ACCESS_TOKEN_TTL', '15m', 'accessTokenTtlSec', 900],
    ['REFRESH_TOKEN_TTL', '7d', 'refreshTokenTtlSec', 604_800],
    ['TRANSCODE_CACHE_SIZE', '512M', 'transcodeCacheBytes', 512 * 1024 ** 2],
    ['TRANSCODE_CACHE_SIZE', '1.5GB', 'transcodeCacheBytes', 1.5 * 1024 ** 3],
    ['TRANSCODE_CACHE_SIZE', '1000', 'transcodeCacheBytes', 1000],
    ['ENABLE_ANALYSIS', 'off', 'enableAnalysis', false],
    ['ENABLE_ANALYSIS', 'YES', 'enableAnalysis', true],
    ['TRUST_PROXY', 'loopback, 10.0.0.0/8,::1', 'trustProxy', ['loopback', '10.0.0.0/8', '::1']],
    ['TUTTI_MUSIC', '/a:/b c', 'musicDirs', ['/a', '/b c']],
  ]
  for (const [env, text, name, value] of values)
    test(`${env}=${text}`, () => assert.deepEqual(readConfig({ [env]: text })[name], value))

  const wrong: [string, string][] = [
    ['PORT', '3000.5'],
    ['PORT', ' '],
    ['ACCESS_TOKEN_TTL', '0'],
    ['ACCESS_TOKEN_TTL', '99999d'],
    ['TRANSCODE_CACHE_SIZE', '9'.repeat(40)],
    ['CORS_ORIGIN', '*'],
    ['CORS_ORIGIN', 'app.example.org'],
    ['PUBLIC_URL', 'ftp://x'],
    ['TRUST_PROXY', 'everybody'],
  ]
  for (const [env, text] of wrong)
    test(`${env}=${text} is refused`, () => {
      const faults = faultsOf({ [env]: text })
      assert.equal(faults.length, 1)
      assert.match(faults[0] as string, new RegExp(`^${env} must be `))
    })
})

describe('.env.example', () => {
  test('is what the settings say', () =>
    assert.equal(readFileSync(join(import.meta.dirname, '..', '..', '..', '.env.example'), 'utf8'), envExample()))

  test('has every setting with its aliases, and each example is valid', () => {
    const lines = envExample().split('\n')
    for (const [, s] of all) {
      const line = lines.find((l) => l.startsWith(`#${s.env}=`))
      assert.ok(line !== undefined, s.env)
      const value = line.slice(s.env.length + 2)
      if (value !== '') assert.doesNotThrow(() => s.parse(value), `${s.env}=${value}`)
      for (const alias of s.aliases ?? [])
        assert.ok(
          lines.some((l) => l.startsWith('# ') && l.includes(alias)),
          alias,
        )
    }
  })
})
