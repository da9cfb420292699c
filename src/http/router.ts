/** Which operation a request asks for: the paths of the table, matched on the raw target. */
import findMyWay from 'find-my-way';
import { GlacierError } from '../api/errors.ts';
import { type Operation, type OperationName, operations } from '../api/operations.ts';
import { readTarget } from '../sigv4/received-request.ts';

export interface Route {
  readonly name: OperationName;
  readonly operation: Operation;
  /** Segments of the path by name, decoded once. They may be empty. */
  readonly path: Readonly<Record<string, string>>;
}

/** Longer than any path segment that fits into the request line. */
const longestSegment = 16 * 1024;

/** Operations that share method and path are told apart by a query parameter. */
interface Candidate {
  readonly name: OperationName;
  readonly query: URLSearchParams;
}

const router = makeRouter();

function makeRouter() {
  const made = findMyWay({ caseSensitive: true, maxParamLength: longestSegment });
  for (const [key, candidates] of Object.entries(groupByPath())) {
    const [method, path] = key.split(' ') as ['GET', string];
    made.on(method, path, () => {}, candidates);
  }
  return made;
}

function groupByPath(): Record<string, Candidate[]> {
  const groups: Record<string, Candidate[]> = {};
  for (const name of Object.keys(operations) as OperationName[]) {
    const { method, path } = operations[name];
    const [pathOnly = '', query] = path.split('?');
    const key = `${method} ${pathOnly.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    groups[key] = [...(groups[key] ?? []), { name, query: new URLSearchParams(query) }];
  }
  return groups;
}

/** @throws GlacierError BadRequest for a path, method or query that belongs to no operation */
export function findRoute(method: string, target: string): Route {
  const found = target.startsWith('/') ? router.find(method as 'GET', target) : null;
  const candidates = (found?.store ?? []) as Candidate[];
  const candidate = candidates.find(({ query }) => matchesQuery(query, target));
  if (!found || !candidate) {
    const path = target.split('?')[0];
    throw new GlacierError('BadRequest', `There is no operation ${method} ${path}`);
  }
  const { name } = candidate;
  return { name, operation: operations[name], path: found.params as Record<string, string> };
}

function matchesQuery(query: URLSearchParams, target: string): boolean {
  if (query.size === 0) return true;
  const given = readTarget(target).query;
  return [...query].every(([name, value]) => given[name] === value);
}
