/** Invented albums, with covers drawn in code. */

export type MadeAlbum = { title: string; artist: string; year: number; genre: string; cover: string }

const SIDE = 640
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const svg = (body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}" viewBox="0 0 100 100">${body}</svg>`
const ground = (from: string, to: string, turn = 90): string =>
  `<defs><linearGradient id="g" gradientTransform="rotate(${turn} .5 .5)"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs><rect width="100" height="100" fill="url(#g)"/>`
const disc = (x: number, y: number, r: number, fill: string, more = ''): string =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}" ${more}/>`
const path = (d: string, fill: string, more = ''): string => `<path d="${d}" fill="${fill}" ${more}/>`

/** A sun in strips over water. */
const sundown = svg(
  `${ground('#2b1055', '#ff6f61')}<clipPath id="c">${disc(50, 52, 30, '#000')}</clipPath><g clip-path="url(#c)">${ground('#ffd56b', '#ff3d77').replaceAll('"g"', '"h"').replaceAll('#g', '#h')}${range(
    7,
  )
    .map((i) => `<rect y="${54 + i * 4.2}" width="100" height="${0.6 + i * 0.45}" fill="#8f2d6b"/>`)
    .join('')}</g>`,
)
const rings = svg(
  `${ground('#0b132b', '#1c2541')}${range(9)
    .map((i) =>
      disc(50, 50, 44 - i * 4.6, 'none', `stroke="hsl(${170 + i * 14} 80% 62%)" stroke-width="${2.6 - i * 0.18}"`),
    )
    .join('')}${disc(50, 50, 3.2, '#fff')}`,
)
const tiles = svg(
  `<rect width="100" height="100" fill="#f4ecd8"/>${range(16)
    .map((i) => {
      const [x, y, kind] = [(i % 4) * 25, Math.floor(i / 4) * 25, (i * 7 + Math.floor(i / 4) * 3) % 5]
      const fill = ['#d1495b', '#edae49', '#00798c', '#30638e', '#003d5b'][(i * 3 + 1) % 5] ?? '#000'
      if (kind === 0) return disc(x + 12.5, y + 12.5, 12.5, fill)
      if (kind === 4) return `<rect x="${x}" y="${y}" width="25" height="25" fill="${fill}"/>`
      const corner = [
        `M${x} ${y}h25a25 25 0 0 1-25 25z`,
        `M${x + 25} ${y}v25a25 25 0 0 1-25-25z`,
        `M${x} ${y + 25}v-25a25 25 0 0 1 25 25z`,
      ]
      return path(corner[kind - 1] ?? '', fill)
    })
    .join('')}`,
)
const dunes = svg(
  `${ground('#fbe3c4', '#f6a96c')}${disc(70, 27, 11, '#fff6e6')}${[
    ['M0 58C25 44 45 70 100 46V100H0z', '#e98a5b'],
    ['M0 72C30 54 60 82 100 60V100H0z', '#c8553d'],
    ['M0 84C35 70 55 96 100 76V100H0z', '#8a3033'],
    ['M0 95C40 84 70 102 100 90V100H0z', '#4a1c2c'],
  ]
    .map(([d = '', fill = '']) => path(d, fill))
    .join('')}`,
)
const chord = svg(
  `<rect width="100" height="100" fill="#fdf6f0"/><g style="mix-blend-mode:multiply">${disc(40, 42, 25, '#ff5d8f', 'opacity=".85"')}${disc(60, 42, 25, '#3a86ff', 'opacity=".75"')}${disc(50, 60, 25, '#ffbe0b', 'opacity=".8"')}</g>`,
)
/** Ridges of a sound, one before the other. */
const ridges = svg(
  `<rect width="100" height="100" fill="#101014"/>${range(15)
    .map((row) => {
      const y = 24 + row * 4.4
      const points = range(37).map((k) => {
        const x = 14 + k * 2
        const near = Math.exp(-(((x - 50) / 17) ** 2))
        const height = near * (7 + 6 * Math.sin(row * 1.7 + k * 0.9) + 5 * Math.sin(row * 0.6 - k * 1.9))
        return `${x} ${(y - Math.max(0, height)).toFixed(1)}`
      })
      return `<polyline points="${points.join(' ')}" fill="#101014" stroke="hsl(${190 + row * 8} 90% ${72 - row}%)" stroke-width=".9" stroke-linejoin="round"/>`
    })
    .join('')}`,
)
const petals = svg(
  `${ground('#134e4a', '#0f766e')}${range(12)
    .map(
      (i) =>
        `<ellipse cx="50" cy="27" rx="8.5" ry="20" fill="${i % 2 ? '#fda4af' : '#fecdd3'}" opacity=".82" transform="rotate(${i * 30} 50 50)"/>`,
    )
    .join('')}${disc(50, 50, 8, '#fbbf24')}`,
)
const moon = svg(
  `${ground('#050b2c', '#33418f')}${range(60)
    .map((i) =>
      disc((i * 37.7) % 100, (i * 61.3) % 72, 0.25 + ((i * 13) % 7) / 11, '#fff', `opacity="${0.4 + (i % 5) / 9}"`),
    )
    .join(
      '',
    )}${disc(66, 33, 15, '#fef3c7')}${disc(60, 30, 13.5, '#111a4a')}${path('M0 76L18 60L30 72L48 52L66 74L82 62L100 78V100H0z', '#0a1033')}`,
)
const bands = svg(
  `<rect width="100" height="100" fill="#f72585"/>${['#b5179e', '#7209b7', '#560bad', '#3a0ca3', '#4361ee', '#4cc9f0']
    .map((fill, i) => path(`M${18 + i * 14} 0L100 0V100L${-64 + i * 14 + 60} 100z`, fill))
    .join('')}`,
)
const cubes = svg(
  `<rect width="100" height="100" fill="#fff3e0"/>${range(5)
    .flatMap((row) => range(5).map((column) => [column * 20 + (row % 2 ? 10 : 0), row * 18 + 8] as const))
    .map(
      ([x, y], i) =>
        `<g transform="translate(${x} ${y})">${path('M0 0l10-6l10 6l-10 6z', ['#ffca3a', '#8ac926', '#ff924c'][i % 3] ?? '')}${path('M0 0l10 6v12l-10-6z', '#1982c4')}${path('M20 0l-10 6v12l10-6z', '#6a4c93')}</g>`,
    )
    .join('')}`,
)
const leaves = svg(
  `${ground('#e9f5db', '#b5c99a')}${range(7)
    .map((i) =>
      path(
        'M50 96C20 70 24 36 50 12C76 36 80 70 50 96z',
        ['#31572c', '#4f772d', '#90a955'][i % 3] ?? '',
        `opacity=".72" transform="rotate(${-66 + i * 22} 50 96)"`,
      ),
    )
    .join('')}`,
)
const maze = svg(
  `${ground('#ff9f1c', '#ff4040', 45)}${range(7)
    .map(
      (i) =>
        `<path d="M${-8 + i * 8} 108A${62 - i * 8} ${62 - i * 8} 0 0 1 108 ${46 + i * 8}" fill="none" stroke="#fff4d6" stroke-width="3.4" opacity="${1 - i * 0.09}"/>`,
    )
    .join('')}${disc(27, 27, 12, '#2ec4b6')}`,
)
const pool = svg(
  `${ground('#90e0ef', '#0077b6')}${range(11)
    .map(
      (i) =>
        `<path d="M-5 ${10 + i * 9}q13-${6 + (i % 3) * 2} 26 0t26 0t26 0t26 0t26 0" fill="none" stroke="#fff" stroke-width="${0.5 + i * 0.17}" opacity=".7"/>`,
    )
    .join('')}${disc(62, 40, 13, '#ff7096')}${path('M49 40a13 13 0 0 0 26 0z', '#ffe5ec')}`,
)
const score = svg(
  `<rect width="100" height="100" fill="#22223b"/>${range(40)
    .map((i) => {
      const [x, y] = [8 + ((i * 17) % 78), 12 + ((i * 29) % 11) * 7]
      return `<rect x="${x}" y="${y}" width="${4 + ((i * 5) % 14)}" height="3.4" rx="1.7" fill="${['#f2e9e4', '#c9ada7', '#9a8c98', '#ff6b6b', '#ffd166'][i % 5]}"/>`
    })
    .join('')}`,
)
/** For the real music: a castle at dusk. */
export const CASTLE = svg(
  `${ground('#3d1e6d', '#f9844a')}${disc(50, 58, 22, '#ffd166')}${path('M0 80L22 62L38 76L60 58L78 74L100 64V100H0z', '#5f2b5f')}${path(
    'M30 90V56h4v-4h4v4h4v-4h4v4h2V44h3v-4h4v4h4v-4h4v4h3v12h2v-4h4v4h4v-4h4v4h2v34z',
    '#26123f',
  )}${path('M46 90v-9a6 6 0 0 1 12 0v9z', '#f9c74f')}<rect y="88" width="100" height="12" fill="#26123f"/>`,
)

export const ALBUMS: readonly MadeAlbum[] = [
  ['Sundown Motel', 'Juno Park', 2021, 'Electronic', sundown],
  ['Night Signals', 'Glass Meridian', 2023, 'Electronic', rings],
  ['Mercado', 'Aurelio Banda', 2016, 'Jazz', tiles],
  ['Slow Harbour', 'Paper Lanterns', 2019, 'Folk', dunes],
  ['Three Rooms', 'Pilar Quintet', 2022, 'Jazz', chord],
  ['Redshift', 'Halcyon Drive', 2018, 'Rock', ridges],
  ['Vesper', 'Kestrel Choir', 2014, 'Classical', petals],
  ['Ice Maps', 'North of Blue', 2020, 'Ambient', moon],
  ['Copper Hours', 'The Quiet Machines', 2017, 'Rock', bands],
  ['Small Fires', 'Moth & Lantern', 2024, 'Indie', cubes],
  ['Field Notes', 'Tobin & Hale', 2015, 'Folk', leaves],
  ['Neon Orchard', 'Oslo Arcade', 2022, 'Electronic', maze],
  ['Low Tide Letters', 'Ana Verne', 2023, 'Indie', pool],
  ['Études for Rain', 'Mirelle', 2013, 'Classical', score],
].map(([title, artist, year, genre, cover]) => ({ title, artist, year, genre, cover }) as MadeAlbum)
