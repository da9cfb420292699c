/**
 * Firn's own API: everything under `/_/` that Glacier has no words for. Who is calling has been
 * proven before a request comes here, by the one path that Glacier's requests take too.
 */
import { createRoute, OpenAPIHono, type z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { GlacierError, invalidParameter, missingParameter } from '../api/errors.ts';
import { recordRefusals } from '../policies/record-refusals.ts';
import { accessKeyRows } from './access-keys.ts';
import { accountRows } from './accounts.ts';
import { auditRows } from './audit.ts';
import { clockRows } from './clock.ts';
import { faultRows } from './faults.ts';
import { identityPolicyRows } from './identity-policies.ts';
import { lockSimulationRows } from './lock-simulation.ts';
import {
  type AdminCaller,
  type AdminContext,
  type AdminRow,
  checkPermitted,
  resolveAdminAccount,
} from './route.ts';
import { statusRows } from './status.ts';

const rows: readonly AdminRow[] = [
  ...statusRows,
  ...accountRows,
  ...identityPolicyRows,
  ...accessKeyRows,
  ...lockSimulationRows,
  ...auditRows,
  ...clockRows,
  ...faultRows,
];

interface Environment {
  // hono's own names: what `fetch` is given beside the request, and what is known of it later
  Bindings: AdminCaller;
  Variables: { accountId: string };
}

export interface Admin {
  /** @throws GlacierError; its form is the listener's business */
  fetch(request: Request, caller: AdminCaller): Promise<Response>;
  /** OpenAPI 3.1, made from the rows. */
  document(): object;
}

export function createAdmin(context: AdminContext): Admin {
  const app = new OpenAPIHono<Environment>({
    defaultHook: (result) => {
      const { target, data } = result as { target: string; data?: unknown };
      if (!result.success) throw refuseField(result.error, target, data);
    },
  });
  for (const row of rows) addRow(app, context, row);
  app.notFound((c) => {
    throw new GlacierError('BadRequest', `There is no operation ${c.req.method} ${c.req.path}`);
  });
  app.onError((error) => {
    throw error instanceof HTTPException ? malformed(error) : error;
  });
  const info = { title: "Firn's own API", version: context.version };
  return {
    fetch: async (request, caller) => app.fetch(request, caller),
    document: () => app.getOpenAPI31Document({ openapi: '3.1.0', info }),
  };
}

function addRow(app: OpenAPIHono<Environment>, context: AdminContext, row: AdminRow): void {
  const route = createRoute({
    method: row.method,
    path: row.path,
    operationId: row.name,
    summary: row.summary,
    request: {
      ...(row.pathFields && { params: row.pathFields }),
      ...(row.query && { query: row.query }),
      ...(row.body && {
        body: { required: true, content: { 'application/json': { schema: row.body } } },
      }),
    },
    responses: {
      [row.answer.status]: {
        description: row.summary,
        ...(row.answer.body && { content: { 'application/json': { schema: row.answer.body } } }),
      },
    },
  });
  // Who may not is told so before anything else is looked at.
  app.use(route.getRoutingPath(), async (c, next) => {
    if (c.req.method === row.method.toUpperCase()) {
      await recordingRefusals(c, context, row, () => admit(c, context, row));
    }
    await next();
  });
  app.openapi(route, (c) => recordingRefusals(c, context, row, () => handle(c, context, row)));
}

async function admit(c: Context<Environment>, context: AdminContext, row: AdminRow): Promise<void> {
  checkPermitted(context, c.env, row);
  c.set('accountId', await resolveAdminAccount(context, c.env, c.req.param('account')));
}

function recordingRefusals<T>(
  { env, req }: Context<Environment>,
  { service }: AdminContext,
  row: AdminRow,
  work: () => Promise<T>,
): Promise<T> {
  const { principal, requestId } = env;
  const actor = { accountId: principal.accountId, principalArn: principal.arn, requestId };
  const refusal = { operation: row.name, resource: req.path };
  const describe = () => (row.method === 'get' ? undefined : refusal);
  return recordRefusals(service.metadata, actor, describe, work);
}

async function handle(
  c: Context<Environment>,
  context: AdminContext,
  row: AdminRow,
): Promise<Response> {
  const valid = (target: string) => c.req.valid(target as never) as object;
  const accountId = c.get('accountId');
  const { principal, requestId } = c.env;
  const input = {
    ...(row.pathFields && valid('param')),
    query: row.query ? valid('query') : {},
    body: row.body ? valid('json') : {},
  };
  const actor = { accountId, principalArn: principal.arn, requestId };
  const output = await row.handle(input, { ...context, ...c.env, accountId, actor });
  if (row.answer.status === 204) return c.body(null, 204);
  return c.json(output as object, row.answer.status);
}

/** The first field that is missing, or else the first that is wrong: of the wrong type, or value. */
function refuseField(error: z.ZodError, target: string, given: unknown): GlacierError {
  const isMissing = ({ path }: z.core.$ZodIssue) =>
    path.length > 0 && valueAt(given, path) === undefined;
  const issue = error.issues.find(isMissing) ?? error.issues[0];
  const name = issue?.path.join('.') ?? '';
  if (issue && isMissing(issue)) return missingParameter(name);
  if (target === 'json' && issue?.code === 'invalid_type') {
    return serialization(`${name === '' ? '' : `${name}: `}${issue.message}`);
  }
  return invalidParameter(`Invalid ${name || 'request'}: ${issue?.message}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null)?.[key],
    value,
  );
}

function malformed(error: HTTPException): GlacierError {
  return serialization(error.message);
}

function serialization(detail: string): GlacierError {
  return new GlacierError('SerializationException', `Invalid JSON: ${detail}`);
}
