/** First argument of a child that waits for its job. */
export const PREPARED_FLAG = '--prepared'
/** All that its stdin ever says, as JSON. */
export type PreparedJob = { readonly args: string[]; readonly pathHex: string }
