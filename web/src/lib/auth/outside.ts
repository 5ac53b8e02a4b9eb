/** Pages that stand alone, signed in or not. */
const ALONE = ['reset', 'verify', 'signedIn'] as const
type Alone = (typeof ALONE)[number]
export const isOutside = (route: string | undefined): route is Alone => ALONE.includes(route as Alone)
