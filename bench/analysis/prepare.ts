/** Makes the sound of the corpus ahead: `node bench/analysis/prepare.ts [split] [pieces per style] [songs]`. */
import { items, type Split } from './corpus.ts'

const [split = 'train', perStyle, lieder] = process.argv.slice(2)
const begin = performance.now()
const pieces = items(split as Split, {
  ...(perStyle ? { perStyle: Number(perStyle) } : {}),
  ...(lieder ? { lieder: Number(lieder) } : {}),
})
console.log(`${pieces.length} pieces of ${split}, listed in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
for (const piece of pieces) {
  const from = performance.now()
  piece.wav()
  console.log(`${piece.id.padEnd(28)} ${piece.font.padEnd(18)} ${((performance.now() - from) / 1000).toFixed(1)} s`)
}
