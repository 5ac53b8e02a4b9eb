import type { PlainQuery } from './plain.ts'

type Combination = {
  name: string
  query: Record<string, string | number | boolean>
  plain: Pick<PlainQuery, 'genre' | 'where'>
}
/** Filters of every selectivity, alone and together; such as go together in music and such as exclude each other. */
export const COMBINATIONS: readonly Combination[] = [
  { name: 'common genre', query: { genre: 'Rock' }, plain: { genre: 'rock' } },
  { name: 'middling genre', query: { genre: 'Ambient' }, plain: { genre: 'ambient' } },
  { name: 'rare genre', query: { genre: 'Melodic Fado' }, plain: { genre: 'melodic fado' } },
  { name: 'unknown genre', query: { genre: 'Zydeco Noir' }, plain: { genre: 'zydeco noir' } },
  { name: 'one year', query: { year: 1999 }, plain: { where: 's.year = 1999' } },
  { name: 'early years', query: { yearMax: 1965 }, plain: { where: 's.year <= 1965' } },
  { name: 'decade', query: { yearMin: 1990, yearMax: 1999 }, plain: { where: 's.year between 1990 and 1999' } },
  {
    name: 'narrow tempo',
    query: { bpmMin: 119.5, bpmMax: 120.5 },
    plain: { where: 's.tempo between 119.5 and 120.5' },
  },
  { name: 'wide tempo', query: { bpmMin: 100, bpmMax: 140 }, plain: { where: 's.tempo between 100 and 140' } },
  { name: 'very fast', query: { bpmMin: 205 }, plain: { where: 's.tempo >= 205' } },
  { name: 'high energy', query: { energyMin: 0.8 }, plain: { where: 's.energy >= 0.8' } },
  { name: 'almost any energy', query: { energyMin: 0.1 }, plain: { where: 's.energy >= 0.1' } },
  { name: 'hardly any energy', query: { energyMax: 0.02 }, plain: { where: 's.energy <= 0.02' } },
  { name: 'key', query: { key: 'F# minor' }, plain: { where: "s.key = 'F# minor'" } },
  { name: 'Camelot key', query: { key: '7A' }, plain: { where: "s.key = 'D minor'" } },
  { name: 'mood', query: { mood: 'sad' }, plain: { where: "s.mood = 'sad'" } },
  { name: 'lossless', query: { lossless: true }, plain: { where: 's.lossless' } },
  { name: 'word in the title', query: { q: 'love' }, plain: { where: "s.title ilike '%love%'" } },
  { name: 'rare words', query: { q: 'velvet hurricane' }, plain: { where: "s.title ilike '%velvet%hurricane%'" } },
  { name: 'CJK', query: { q: '愛' }, plain: { where: "s.title ilike '%愛%'" } },
  {
    name: 'genre and decade',
    query: { genre: 'Jazz', yearMin: 1960, yearMax: 1969 },
    plain: { genre: 'jazz', where: 's.year between 1960 and 1969' },
  },
  {
    name: 'genre and key',
    query: { genre: 'Pop', key: 'C major' },
    plain: { genre: 'pop', where: "s.key = 'C major'" },
  },
  {
    name: 'genre that is calm',
    query: { genre: 'Metal', energyMax: 0.1 },
    plain: { genre: 'metal', where: 's.energy <= 0.1' },
  },
  {
    name: 'genre that is loud',
    query: { genre: 'Rock', energyMin: 0.9 },
    plain: { genre: 'rock', where: 's.energy >= 0.9' },
  },
  {
    name: 'genre, tempo, mood',
    query: { genre: 'Electronic', bpmMin: 120, bpmMax: 130, mood: 'energetic' },
    plain: { genre: 'electronic', where: "s.tempo between 120 and 130 and s.mood = 'energetic'" },
  },
  {
    name: 'mood against energy',
    query: { mood: 'calm', energyMin: 0.7 },
    plain: { where: "s.mood = 'calm' and s.energy >= 0.7" },
  },
  {
    name: 'key, tempo, energy',
    query: { key: '8B', bpmMin: 120, bpmMax: 128, energyMin: 0.6 },
    plain: { where: "s.key = 'C major' and s.tempo between 120 and 128 and s.energy >= 0.6" },
  },
  {
    name: 'all at once',
    query: {
      genre: 'Rock',
      yearMin: 1980,
      yearMax: 1999,
      key: 'G major',
      bpmMin: 100,
      bpmMax: 130,
      energyMin: 0.3,
      mood: 'happy',
    },
    plain: {
      genre: 'rock',
      where:
        "s.year between 1980 and 1999 and s.key = 'G major' and s.tempo between 100 and 130 and s.energy >= 0.3 and s.mood = 'happy'",
    },
  },
  {
    name: 'genre and word',
    query: { genre: 'Rock', q: 'night' },
    plain: { genre: 'rock', where: "s.title ilike '%night%'" },
  },
  {
    name: 'lossless of a genre and year',
    query: { genre: 'Folk', year: 2001, lossless: true },
    plain: { genre: 'folk', where: 's.year = 2001 and s.lossless' },
  },
]
