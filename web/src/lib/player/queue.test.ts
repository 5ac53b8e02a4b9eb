import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as queue from './queue.ts'

const split = (letters: string) => letters.split('')
const half = () => 0.5
const of = (letters: string, index = 0) => queue.replaceAll(queue.emptyQueue<string>(), split(letters), index, half)
const text = (q: queue.Queue<string>) => q.entries.map((e) => e.song).join('')
const playing = (q: queue.Queue<string>) => queue.current(q)?.song

void describe('queue', () => {
  void it('begins where it is told and bounds its length', () => {
    assert.equal(playing(of('abc', 1)), 'b')
    assert.equal(playing(of('abc', 9)), 'c')
    assert.equal(of('').index, -1)
    const long = queue.replaceAll(
      queue.emptyQueue<number>(),
      Array.from({ length: 5000 }, (_, i) => i),
      0,
      half,
    )
    assert.equal(long.entries.length, queue.QUEUE_MAX)
    assert.equal(queue.append(long, [1]).entries.length, queue.QUEUE_MAX)
  })

  void it('plays next and adds at the end', () => {
    assert.equal(text(queue.playNext(of('abc', 1), ['x', 'y'])), 'abxyc')
    assert.equal(text(queue.append(of('abc', 1), ['x'])), 'abcx')
    assert.equal(playing(queue.append(queue.emptyQueue<string>(), ['x'])), 'x')
  })

  void it('keeps playing the same entry through any move', () => {
    for (let from = 0; from < 5; from++)
      for (let to = 0; to < 5; to++) {
        const moved = queue.move(of('abcde', 2), from, to)
        assert.equal(playing(moved), 'c', `${from} to ${to}`)
        assert.equal(moved.entries[to]?.song, 'abcde'[from])
        assert.deepEqual(split(text(moved)).sort().join(''), 'abcde')
      }
    assert.equal(text(queue.move(of('abc'), 0, 7)), 'abc')
  })

  void it('hands over to the next when what plays is taken out', () => {
    assert.equal(playing(queue.remove(of('abc', 1), 1)), 'c')
    assert.equal(playing(queue.remove(of('abc', 2), 2)), 'b')
    assert.equal(playing(queue.remove(of('abc', 2), 0)), 'c')
    assert.equal(queue.remove(of('a'), 0).index, -1)
  })

  void it('knows what follows with every kind of repeat', () => {
    const end = of('abc', 2)
    assert.equal(queue.following(end), -1)
    assert.equal(queue.following(queue.setRepeat(end, 'all')), 0)
    assert.equal(queue.following(queue.setRepeat(end, 'one')), 2)
    assert.equal(queue.skipTarget(queue.setRepeat(end, 'one')), 0)
    assert.equal(queue.backTarget(of('abc', 0)), 0)
    assert.equal(queue.following(queue.emptyQueue()), -1)
  })

  void it('shuffles all but what plays, and finds the old order again', () => {
    const shuffled = queue.shuffle(of('abcdef', 3), () => 0.1)
    assert.equal(playing(shuffled), 'd')
    assert.equal(shuffled.index, 0)
    assert.notEqual(text(shuffled), 'dabcef')
    assert.equal(split(text(shuffled)).sort().join(''), 'abcdef')
    const back = queue.unshuffle(queue.remove(queue.append(shuffled, ['z']), 1))
    assert.equal(playing(back), 'd')
    const inOrder = split(text(back))
    assert.deepEqual(inOrder, [...inOrder].sort())
    assert.equal(back.entries.length, 6)
  })

  void it('shuffles fairly enough', () => {
    let seed = 1
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647
    const firsts = new Map<string, number>()
    for (let i = 0; i < 3000; i++) {
      const first = queue.shuffle(of('abcd', 0), random).entries[1]?.song ?? ''
      firsts.set(first, (firsts.get(first) ?? 0) + 1)
    }
    for (const letter of 'bcd') assert.ok(Math.abs((firsts.get(letter) ?? 0) - 1000) < 120, letter)
  })

  void it('clears only what is still to come', () => {
    assert.equal(text(queue.clearUpcoming(of('abcd', 1))), 'ab')
  })
})
