/**
 * A strict policy: only our own scripts and style sheets count, what a page sets by script it may set; pictures may be
 * made in the page. `styleSrc` names where styles may come from.
 */
export const contentSecurity = (styleSrc: string[]) => ({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc,
    imgSrc: ["'self'", 'data:', 'blob:'],
    fontSrc: ["'self'"],
    manifestSrc: ["'self'"],
    frameSrc: ["'none'"],
    scriptSrcAttr: ["'none'"],
    mediaSrc: ["'self'", 'blob:'],
    // Browsers take our own WebSocket for 'self'.
    connectSrc: ["'self'"],
    workerSrc: ["'self'", 'blob:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
})

/** For pages of the docs alone, which carry styles in their text. */
export const DOCS_SECURITY = { helmet: { contentSecurityPolicy: contentSecurity(["'self'", "'unsafe-inline'"]) } }
