/** Source text of weights that were learned on standardised inputs: `centre` in deviations, deviations as octaves. */
import { packed } from './rotating.ts'

type Learned = { centre: Float64Array; scale: Float64Array; weights: Float64Array }

export const learnedSource = (tool: string, name: string, { centre, scale, weights }: Learned) =>
  [
    `/** Made by \`tools/${tool}.ts\`: not to be edited. Deviations are 2 ** octaves; the centre is in deviations. */`,
    `import { unpack } from '#engines/audio/harmony/net.ts'\n`,
    `export const ${name} = {`,
    `  octaves: ${packed(Float32Array.from(scale, Math.log2))},`,
    `  centre: ${packed(Float32Array.from(centre, (value, i) => value / scale[i]!))},`,
    `  weights: ${packed(Float32Array.from(weights))},`,
    '}\n',
  ].join('\n')
