import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'

/** Text that PostgreSQL can store: its text has no U+0000, its JSON no half of a surrogate pair. */
export const Text = (maxLength: number, more: { minLength?: number; description?: string } = {}) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000\\ud800-\\udfff]*$', ...more })

export const Id = Type.String({ format: 'uuid', description: 'UUIDv7 made by the program' })
export const Time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' })

/** A scalar or `null`, written as a JSON Schema type list: it serialises faster than a union. */
export const Nullable = <T extends TSchema>(schema: T) => {
  const plain = schema as TSchema & { type?: string; enum?: unknown[] }
  return typeof plain.type === 'string' && plain.type !== 'object' && !('enum' in plain)
    ? Type.Unsafe<Static<T> | null>({ ...schema, type: [plain.type, 'null'] })
    : Type.Unsafe<Static<T> | null>({ anyOf: [schema, { type: 'null' }] })
}

export const OneOf = <const V extends readonly string[]>(
  values: V,
  more: { default?: V[number]; description?: string } = {},
) => Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...more })

/** Longest page of any list. */
export const PAGE_MAX = 500
export const PAGE_DEFAULT = 20

/** Query fields of every list operation; spread them into its input. */
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT })),
  cursor: Type.Optional(Text(500, { description: 'The `nextCursor` of the page before' })),
  count: Type.Optional(Type.Boolean({ description: 'Also answer `total`' })),
}

/** Answer of every list operation. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item),
    nextCursor: Nullable(Type.String()),
    total: Type.Optional(Type.Integer({ minimum: 0 })),
  })

export const Empty = Type.Object({}, { additionalProperties: false })

/** An object that refuses fields it does not know. */
export const Strict = <P extends TProperties>(
  properties: P,
  more: { $id?: string; description?: string } = {},
): TObject<P> => Type.Object(properties, { additionalProperties: false, ...more })

export { type Static, type TObject, type TSchema, Type }
