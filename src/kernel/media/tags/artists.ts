/** Splitting of one text into several names. Pure. */

// Only separators that no name contains: "AC/DC", "Earth, Wind & Fire" and "Simon & Garfunkel" stay whole.
const SEPARATOR = /\s*(?:\0|;|\s\/\s|\s•\s)\s*/u
const FEATURING = /\s+[([]?(?:feat\.?|ft\.?|featuring)\s+/iu

const unique = (names: string[]): string[] => {
  const seen = new Set<string>()
  return names.filter((name) => {
    const key = name.toLocaleLowerCase('en')
    if (name === '' || seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** An opening bracket went with "feat.": its closing one goes too. */
const unbracket = (name: string): string => (/[([]/.test(name) ? name : name.replace(/[)\]]$/, ''))

/**
 * The artists of one text, in order, without repeats. Splits at `;`, ` / `, ` • `, U+0000 and "feat.", "ft.",
 * "featuring"; never at `/` without blanks, `,`, `&` or "and".
 */
export const splitArtists = (text: string): string[] =>
  unique(
    text
      .split(SEPARATOR)
      .flatMap((part) => part.split(FEATURING))
      .map((name) => unbracket(name.trim())),
  )

/** The guests of the texts: the artists after "feat.", "ft." or "featuring", as {@link splitArtists} names them. */
export const featuredIn = (texts: string[]): string[] =>
  unique(
    texts.flatMap((text) =>
      text.split(SEPARATOR).flatMap((part) =>
        part
          .split(FEATURING)
          .slice(1)
          .map((name) => unbracket(name.trim())),
      ),
    ),
  )

/** A name this short is one half of a name with a slash in it ("AC/DC", "R/C"), not a name of its own. */
const NAME_MIN_CHARS = 4

/**
 * Artists of a tag that may hold several values. Several values are several artists, as they stand (but guests are
 * still taken out). ID3v2.3 separates by `/`, so its readers cut "AC/DC": `cutAtSlash` says the values may be such parts.
 */
export function artistsOf(values: string[], origin: 'separate' | 'cutAtSlash'): string[] {
  const isOneName = origin === 'cutAtSlash' && values.some((value) => value.length < NAME_MIN_CHARS)
  return unique((isOneName ? [values.join('/')] : values).flatMap(splitArtists))
}

// The list of ID3v1, of which old taggers write the number only.
const ID3_GENRES =
  'Blues|Classic Rock|Country|Dance|Disco|Funk|Grunge|Hip-Hop|Jazz|Metal|New Age|Oldies|Other|Pop|R&B|Rap|Reggae|Rock|Techno|Industrial|Alternative|Ska|Death Metal|Pranks|Soundtrack|Euro-Techno|Ambient|Trip-Hop|Vocal|Jazz+Funk|Fusion|Trance|Classical|Instrumental|Acid|House|Game|Sound Clip|Gospel|Noise|Alternative Rock|Bass|Soul|Punk|Space|Meditative|Instrumental Pop|Instrumental Rock|Ethnic|Gothic|Darkwave|Techno-Industrial|Electronic|Pop-Folk|Eurodance|Dream|Southern Rock|Comedy|Cult|Gangsta Rap|Top 40|Christian Rap|Pop/Funk|Jungle|Native American|Cabaret|New Wave|Psychedelic|Rave|Showtunes|Trailer|Lo-Fi|Tribal|Acid Punk|Acid Jazz|Polka|Retro|Musical|Rock & Roll|Hard Rock'.split(
    '|',
  )

/** "(17)", "17" and "(17)Rock" mean entry 17 of the ID3v1 list. */
function genreName(text: string): string[] {
  const match = /^(?:\((\d{1,3})\)|(\d{1,3})$)(.*)$/u.exec(text)
  if (!match) return [text]
  const name = ID3_GENRES[Number(match[1] ?? match[2])]
  return [name ?? '', match[3]?.trim() ?? '']
}

/** The genres of one or more texts: split at `;`, `,`, `/` and U+0000, numbers named, without repeats. */
export const splitGenres = (texts: string[]): string[] =>
  unique(
    texts
      .flatMap((text) => text.split(/(?<=\(\d{1,3}\))(?=\()|[;,\0]|\s*\/\s*/u))
      .flatMap((text) => genreName(text.trim()))
      .map((name) => name.trim()),
  )
