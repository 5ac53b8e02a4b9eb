const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** As people order names: `Disc 2` before `Disc 10`, without regard to case and accents; equal ones by their bytes. */
export const naturally = (a: { name: Buffer }, b: { name: Buffer }): number =>
  collator.compare(a.name.toString('utf8'), b.name.toString('utf8')) || Buffer.compare(a.name, b.name)
