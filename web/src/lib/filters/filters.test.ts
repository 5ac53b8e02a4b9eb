import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeOf, filtersOf, withFilters } from './filters.ts'

const labels = (text: string) => activeOf(filtersOf(new URLSearchParams(text))).map((a) => a.label)

describe('filters of a list in its address', () => {
  test('what is written is read again, what is none is left out', () => {
    const set = { genre: 'Hip-Hop & Rap', bpmMin: 90, bpmMax: 110, energyMin: 0.5, key: '8A' }
    const query = withFilters(new URLSearchParams('sort=newest&bpmMax=x'), set)
    assert.deepEqual(filtersOf(new URLSearchParams(query.toString())), set)
    assert.equal(query.get('sort'), 'newest')
    assert.deepEqual(filtersOf(new URLSearchParams('yearMin=&yearMax=soon&genre=')), {})
    assert.equal(
      withFilters(query, {
        genre: undefined,
        key: '',
        bpmMin: undefined,
        bpmMax: undefined,
        energyMin: undefined,
      }).toString(),
      'sort=newest',
    )
  })

  test('each is told in words and taken away as one', () => {
    assert.deepEqual(labels('yearMin=1990&yearMax=1999'), ['1990–1999'])
    assert.deepEqual(labels('yearMin=1990&yearMax=1990'), ['1990'])
    assert.deepEqual(labels('bpmMin=120&energyMax=0.4'), ['from 120 BPM', 'energy up to 40 %'])
    assert.deepEqual(labels('key=D%20minor&tag=live&mood=calm'), ['calm', 'D minor', '#live'])
    assert.deepEqual(activeOf({ bpmMin: 1, bpmMax: 2 })[0]?.takes, ['bpmMin', 'bpmMax'])
  })
})
