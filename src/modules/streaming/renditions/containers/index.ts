import type { Profile } from '../../profiles.ts'
import type { Container } from '../types.ts'
import { fmp4 } from './fmp4.ts'
import { mp3 } from './mp3.ts'
import { oggOf } from './ogg.ts'
import { wav } from './wav.ts'

/** What the packets of a profile are sent in. */
export function containerOf(profile: Profile, contentId: string): Container {
  if (profile.codec === 'mp3') return mp3
  if (profile.codec === 'opus') return oggOf(contentId)
  return profile.codec === 'wav' ? wav : fmp4
}
