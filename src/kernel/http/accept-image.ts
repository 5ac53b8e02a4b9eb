import type { ImageFormat } from '#kernel/media/types.ts'

/** The best quality `q` that an `Accept` header gives a media type; a type beats `image/*`, which beats the wildcard. */
function quality(accept: string, type: string): number {
  const [kind] = type.split('/')
  const ranked = accept.split(',').map((part) => {
    const [range = '', ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/)
    const q = parameters.find((p) => p.startsWith('q='))
    const rank = ['*/*', `${kind}/*`, type].indexOf(range)
    return { rank, q: q ? Number.parseFloat(q.slice(2)) || 0 : 1 }
  })
  const best = ranked.filter(({ rank }) => rank >= 0).toSorted((a, b) => b.rank - a.rank)[0]
  return best?.q ?? 0
}

/** Asked for by name: old clients send a bare wildcard and know JPEG only. */
const isNamed = (accept: string, type: string): boolean =>
  accept.toLowerCase().includes(type) && quality(accept, type) > 0

/**
 * WebP where the client names it, AVIF where it names only that, JPEG for everybody else. AVIF would be smaller, but
 * takes ten times as long to make: a first look at a grid of albums matters more.
 */
export function chooseImageFormat(accept: string | undefined): ImageFormat {
  if (!accept) return 'jpeg'
  if (isNamed(accept, 'image/webp')) return 'webp'
  if (isNamed(accept, 'image/avif')) return 'avif'
  return 'jpeg'
}
