import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { clientFor, eventually } from '#kernel/testing.ts'
import { type House, newPeople, openHouse, type Part, type People, story } from './story.ts'

/** The same story, whatever the number of processes. */
const houses: Record<string, readonly Part[]> = {
  'one process': [{ target: 'all' }],
  'two processes': [
    { target: 'catalog,streaming,analysis', reachedAs: ['CATALOG', 'STREAMING', 'ANALYSIS'] },
    { target: 'gateway,identity', reachedAs: ['IDENTITY'] },
  ],
  'a gateway with user, song and album services behind it': [
    { target: 'user', reachedAs: ['USER'] },
    { target: 'song', reachedAs: ['SONG'] },
    { target: 'album', roles: 'http', reachedAs: ['ALBUM'] },
    { target: 'gateway' },
  ],
}

for (const [name, parts] of Object.entries(houses)) {
  describe(name, () => {
    let house: House
    let people: People
    before(async () => {
      house = await openHouse(parts)
      people = newPeople(house)
    })
    after(() => house?.stop())
    for (const step of story) test(step.name, () => step.run(house, people))

    test('standard output has the ready lines and nothing else; nothing was warned of', () => {
      for (const { child, url } of house.parts) {
        assert.equal(child.stdout(), `Tutti is ready at ${url}`)
        assert.doesNotMatch(child.stderr(), /"level":(50|60)/)
      }
    })

    const [behind] = parts
    if (parts.length > 1)
      test(`${behind?.target} dies: 503 and unhealthy, and the gateway stays`, async () => {
        const [service] = house.parts
        service?.child.kill('SIGKILL')
        await service?.child.gone
        const nobody = clientFor(house.url, '', '')
        const path = behind?.target === 'user' ? '/auth/setup' : '/songs'
        const down = await eventually(async () => {
          const answer = await nobody.get(path)
          return answer.status === 503 && answer
        }, 'the refusal')
        assert.deepEqual([down.body.code, down.headers.get('retry-after')], ['service_unavailable', '5'])
        const health = await nobody.get('//health/services')
        assert.equal(health.status, 200)
        assert.ok((health.body.services as { status: string }[]).some((s) => s.status === 'unhealthy'))
        assert.equal((await nobody.get('//health/live')).status, 200)
      })
  })
}
