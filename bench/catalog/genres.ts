/** Most frequent first, as libraries of people have them. */
const BASE =
  'Rock|Pop|Electronic|Jazz|Hip-Hop|Classical|Metal|Folk|Indie Rock|Alternative|R&B|Soundtrack|Country|Punk|Blues|' +
  'Soul|House|Ambient|Techno|Reggae|Funk|Singer-Songwriter|Hard Rock|Trance|Latin|World|Drum and Bass|Disco|' +
  'Chanson|Schlager|J-Pop|K-Pop|Gospel|Baroque|Opera|Dub|Trip-Hop|Post-Rock|Shoegaze|Bossa Nova|Salsa|Flamenco|' +
  'Ska|Grunge|Swing|Bebop|Fado|Tango|Rap|Trap|Dubstep|IDM|Krautrock|Synthpop|New Wave|Lo-Fi|Downtempo|Chillout|' +
  'Musical|Children’s Music|Spoken Word|Comedy|Hörspiel|Volksmusik|Musique concrète|Música popular brasileira|' +
  'Enka|Romantic|Renaissance|Chamber Music|Choral|Symphony|Film Score|Video Game Music|演歌|國語流行|Шансон|Рок|Ρεμπέτικο|Rebetiko'
const KINDS = ['Progressive', 'Psychedelic', 'Acoustic', 'Experimental', 'Neo', 'Post', 'Melodic']

/** About 400 names, the most frequent first. */
export const GENRES: readonly string[] = (() => {
  const base = BASE.split('|')
  const more = KINDS.flatMap((kind) => base.slice(0, 46).map((name) => `${kind} ${name}`))
  return [...base, ...more]
})()
