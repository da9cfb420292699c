/**
 * Queries that are written with kysely, compiled once, and run many times.
 *
 * kysely gives one notation for both engines and checks it against the schema; building and compiling
 * a query takes longer than SQLite takes to run it, so each is compiled once per engine with
 * placeholders in the place of its parameters.
 */
import type { CompiledQuery, Kysely } from 'kysely';
import type { Schema } from './schema.ts';

/** Stands in a query for a value that is known when it runs. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

interface Compilable<Row> {
  compile(): CompiledQuery<Row>;
}

/** A query with named parameters, not yet compiled for an engine. */
export interface Query<Parameters, Row> {
  build(schema: Kysely<Schema>, parameters: Parameters): Compilable<Row>;
}

export function query<Parameters, Row>(
  build: (schema: Kysely<Schema>, parameters: Parameters) => Compilable<Row>,
): Query<Parameters, Row> {
  return { build };
}

/** A query as one engine runs it: its text, and its parameters in order for given values. */
export interface PreparedQuery<Parameters> {
  readonly sql: string;
  bind(parameters: Parameters): unknown[];
}

/** Compiles `source` with the engine that `schema` was made for. */
export function prepareQuery<Parameters, Row>(
  source: Query<Parameters, Row>,
  schema: Kysely<Schema>,
): PreparedQuery<Parameters> {
  const placeholders = new Proxy(
    {},
    { get: (_, name) => new Placeholder(String(name)) },
  ) as Parameters;
  const compiled = source.build(schema, placeholders).compile();
  return {
    sql: compiled.sql,
    bind: (parameters) =>
      compiled.parameters.map((value) =>
        value instanceof Placeholder ? parameters[value.name as keyof Parameters] : value,
      ),
  };
}
