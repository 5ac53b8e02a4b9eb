type Json = Record<string, unknown>
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace']
const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v)

/** For tests: what is wrong with an OpenAPI 3.1 document, one sentence each; structure, names and references. */
export function documentFaults(doc: Json): string[] {
  const faults: string[] = []
  if (!/^3\.1\.\d+$/.test(String(doc.openapi))) faults.push('openapi is not 3.1')
  const { title, version } = isObject(doc.info) ? doc.info : {}
  if (typeof title !== 'string' || typeof version !== 'string') faults.push('info needs a title and a version')
  if (!isObject(doc.paths)) return [...faults, 'there are no paths']
  const ids = new Set<string>()
  for (const [path, item] of Object.entries(doc.paths)) faults.push(...pathFaults(path, item as Json, ids))
  for (const ref of refsOf(doc)) if (!resolves(doc, ref)) faults.push(`${ref} points to nothing`)
  return faults
}

function pathFaults(path: string, item: Json, ids: Set<string>): string[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1])
  const faults = path.startsWith('/') && !path.includes(':') ? [] : [`${path} is not a path`]
  for (const [method, operation] of Object.entries(item)) {
    const where = `${method} ${path}`
    if (!METHODS.includes(method)) faults.push(`${where} is not a method`)
    const o = operation as { operationId?: string; parameters?: Json[]; responses?: Json; requestBody?: unknown }
    if (typeof o.operationId !== 'string' || ids.has(o.operationId))
      faults.push(`${where}: ${o.operationId} twice or not`)
    ids.add(String(o.operationId))
    for (const name of names)
      if (!o.parameters?.some((p) => p.name === name && p.in === 'path' && p.required === true))
        faults.push(`${where}: {${name}} has no parameter`)
    for (const p of o.parameters ?? [])
      if (!isObject(p.schema) || (p.in === 'path' ? !names.includes(String(p.name)) : p.in !== 'query'))
        faults.push(`${where}: the parameter ${String(p.name)} is not well-formed`)
    if (!isObject(o.responses) || Object.keys(o.responses).length === 0) faults.push(`${where}: no responses`)
    for (const [status, response] of Object.entries(o.responses ?? {}))
      if (!/^[1-5](\d\d|XX)$/.test(status) || typeof (response as Json).description !== 'string')
        faults.push(`${where}: the response ${status} is not well-formed`)
    if (method === 'get' && o.requestBody !== undefined) faults.push(`${where}: a body`)
  }
  return faults
}

const refsOf = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(refsOf)
  if (!isObject(value)) return []
  const own = typeof value.$ref === 'string' ? [value.$ref] : []
  return [...own, ...Object.values(value).flatMap(refsOf)]
}

function resolves(doc: Json, ref: string): boolean {
  if (!ref.startsWith('#/')) return false
  let at: unknown = doc
  for (const step of ref.slice(2).split('/')) at = isObject(at) ? at[step] : undefined
  return isObject(at)
}
