import Type, { type Static, type TSchema } from 'typebox'
import * as shapes from './schema.ts'

/** The shapes that stand under their own name in the OpenAPI document; the rest is written out where it is used. */
const components = {
  Street: shapes.Street,
  MeterSummary: shapes.MeterSummary,
  MeterDetail: shapes.MeterDetail,
  LoadProfile: shapes.LoadProfile,
  StreetEvent: shapes.StreetEvent,
  SwitchRequest: shapes.SwitchRequest,
  SwitchOutcome: shapes.SwitchOutcome,
  SoftwareRequest: shapes.SoftwareRequest,
  SoftwareOutcome: shapes.SoftwareOutcome,
  ReadOutcome: shapes.ReadOutcome,
  Health: shapes.Health,
  Problem: shapes.Problem,
} as const

type Components = typeof components

/** What the server registers, each with its name as `$id`. */
export const namedShapes: readonly object[] = Object.entries(components).map(([name, schema]) => ({
  ...schema,
  $id: name,
}))

/** A reference to a named shape that keeps its type. */
export function refTo<Name extends keyof Components>(name: Name): Type.TUnsafe<Static<Components[Name]>> {
  return Type.Unsafe<Static<Components[Name]>>({ $ref: `${name}#` })
}

/** The answers of an operation: one good one, and a Problem for each status it may refuse with. */
export function answers<Good extends TSchema>(good: Good, ...refusals: readonly (400 | 404 | 409 | 429 | 503)[]) {
  return {
    200: good,
    ...Object.fromEntries(refusals.map((status) => [status, refTo('Problem')])),
    '5xx': refTo('Problem'),
  }
}
