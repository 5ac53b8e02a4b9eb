import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { DOCS_SECURITY } from './content-security.ts'

const SOURCE = new URL('../../../docs/errors.md', import.meta.url)
const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const inline = (text: string) => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>')

/** `/docs/errors`, where the `type` of every problem points: the list of `docs/errors.md`, an anchor for each code. */
export function addErrorPage(app: FastifyInstance): void {
  app.get('/docs/errors', DOCS_SECURITY, async (_request, reply) =>
    reply.type('text/html').send(page(await readFile(SOURCE, 'utf8'))),
  )
}

/** Of Markdown only what that file uses: headings, paragraphs and tables of three columns. */
function page(markdown: string): string {
  const body = markdown.split('\n').map(line).join('\n')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Tutti: error codes</title><link rel="icon" href="/docs/favicon-32x32.png">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td{padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}tr:target{background:#fa02}</style></head>
<body>${body}</body>
</html>
`
}

function line(text: string): string {
  const [, mark, heading] = /^(#{1,2}) (.*)$/.exec(text) ?? []
  if (mark && heading) return `<h${mark.length}>${inline(heading)}</h${mark.length}>`
  const [, code, status, meaning] = /^\| `([a-z_]+)` \| (\S+) \| (.*) \|$/.exec(text) ?? []
  if (code && status && meaning)
    return `<table><tr id="${code}"><td width="30%"><code>${code}</code></td><td width="8%">${status}</td><td>${inline(meaning)}</td></tr></table>`
  return text.startsWith('|') || text === '' ? '' : `<p>${inline(text)}</p>`
}
