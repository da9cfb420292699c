/**
 * Imports go down only. The table below is the one of the style page; each test collects every
 * breach as a sentence naming the wrong import, and expects that there is none.
 *
 * In a domain folder nouns lie below and verbs above: a file named like one of the 33 operations is
 * an operation; one that begins with a verb is a step that operations and workers share; every other
 * file is a model, data and pure rules, which knows the rows by their types only. Test files and conformance suites are left out, since
 * they may look at everything; nothing else may import them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const operations = new Set(
  `create-vault describe-vault list-vaults delete-vault
  add-tags-to-vault list-tags-for-vault remove-tags-from-vault
  upload-archive delete-archive
  initiate-multipart-upload upload-multipart-part complete-multipart-upload
  abort-multipart-upload list-multipart-uploads list-parts
  initiate-job describe-job list-jobs get-job-output
  set-vault-notifications get-vault-notifications delete-vault-notifications
  set-vault-access-policy get-vault-access-policy delete-vault-access-policy
  initiate-vault-lock complete-vault-lock abort-vault-lock get-vault-lock
  set-data-retrieval-policy get-data-retrieval-policy
  purchase-provisioned-capacity list-provisioned-capacity`.split(/\s+/),
);

/** How the names of steps begin. */
const stepName = /^(?:find|locate|read|receive|record|require)-/;

const domainFolders = new Set([
  'faults',
  'vaults',
  'archives',
  'uploads',
  'jobs',
  'inventory',
  'accounts',
  'policies',
  'lock',
  'notifications',
  'capacity',
]);

/** What the layers above storage may know of it, beside the queries; the rest is implementation. */
const storageInterfaces = new Set([
  'storage/store-errors.ts',
  'storage/store-health.ts',
  'storage/blobs/blob-store.ts',
  'storage/metadata/metadata-store.ts',
  'storage/metadata/entries.ts',
  'storage/metadata/verify-journal.ts',
]);
/** Of these the types only. */
const storageTypes = new Set(['storage/metadata/schema.ts', 'storage/metadata/query.ts']);

type Layer =
  | 'main.ts'
  | 'serve.ts'
  | 'server.ts'
  | 'open-store.ts'
  | 'config.ts'
  | 'settings.ts'
  | 'http'
  | 'admin'
  | 'offline'
  | 'outgoing'
  | 'workers'
  | 'cli'
  | 'console'
  | 'handlers.ts'
  | 'operation.ts'
  | 'authorize.ts'
  | 'operations'
  | 'steps'
  | 'storage'
  | 'models'
  | 'select'
  | 'sigv4'
  | 'api'
  | 'lib';

/** What an import may point at, where that is narrower than a layer. */
type Part = 'storage interfaces' | 'storage queries' | 'row types' | 'account models' | 'faults';

interface Rule {
  /** Beside its own layer, which a file may always import unless `isFlat`. */
  may: (Layer | Part)[];
  /** Files of this layer do not import each other. */
  isFlat?: true;
  /** Packages by the beginning of their name; absent: any. */
  packages?: string[];
  /** Absent: Node's own modules are allowed. */
  isNodeFree?: true;
}

const everythingButMain: Layer[] = [
  ...(['settings.ts', 'open-store.ts', 'admin', 'offline', 'outgoing'] as const),
  ...(['config.ts', 'http', 'workers', 'cli', 'console', 'handlers.ts', 'operation.ts'] as const),
  ...(['authorize.ts', 'operations', 'steps', 'storage', 'models'] as const),
  ...(['select', 'sigv4', 'api', 'lib'] as const),
];
const belowOperations: Rule['may'] = [
  ...(['steps', 'operation.ts', 'storage interfaces', 'storage queries'] as const),
  ...(['models', 'select', 'api', 'lib'] as const),
];

const rules: Record<Layer, Rule> = {
  'main.ts': { may: ['serve.ts', ...everythingButMain] },
  'serve.ts': { may: ['server.ts', ...everythingButMain] },
  'server.ts': { may: everythingButMain },
  'open-store.ts': { may: everythingButMain },
  'config.ts': { may: ['settings.ts', 'api', 'lib'] },
  'settings.ts': { may: ['api', 'lib'] },
  http: {
    may: [
      ...(['handlers.ts', 'operation.ts', 'authorize.ts', 'steps', 'storage interfaces'] as const),
      ...(['storage queries', 'account models', 'faults', 'sigv4', 'api', 'lib'] as const),
    ],
  },
  admin: {
    may: ['authorize.ts', ...belowOperations],
    packages: ['hono', '@hono/zod-openapi'],
  },
  offline: { may: ['cli', 'settings.ts', 'config.ts', 'storage', 'models', 'api', 'lib'] },
  outgoing: { may: ['models', 'select', 'api', 'lib'] },
  workers: { may: belowOperations },
  cli: { may: ['api', 'sigv4', 'lib'] },
  console: { may: ['api', 'sigv4', 'lib'], isNodeFree: true },
  'handlers.ts': { may: ['operations', ...belowOperations], packages: [] },
  'operation.ts': { may: belowOperations, packages: [] },
  'authorize.ts': { may: belowOperations, packages: [] },
  operations: { may: belowOperations, isFlat: true, packages: [] },
  steps: { may: belowOperations, packages: [] },
  storage: {
    may: ['models', 'api', 'lib'],
    packages: ['kysely', 'better-sqlite3', 'pg', '@aws-sdk/client-s3', '@smithy/'],
  },
  models: { may: ['row types', 'select', 'api', 'lib'], packages: [] },
  select: { may: ['api', 'lib'], packages: ['csv-parse', 'pgsql-ast-parser'] },
  sigv4: { may: ['api', 'lib'], packages: ['@smithy/'] },
  api: { may: [], packages: ['zod'], isNodeFree: true },
  lib: { may: [], packages: [] },
};

/** Packages that one file alone may import. */
const extraPackages: Record<string, string[]> = { 'lib/log.ts': ['pino', 'pino-pretty'] };
const filesAllowedToBeLong = new Set(['api/operations.ts']);
const maxLines = 400;

interface Import {
  line: number;
  /** As written: `../lib/ids.ts`, `zod`, `node:fs`. */
  specifier: string;
  isTypeOnly: boolean;
}

/** @param path relative to src, with `/`. */
function layerOf(path: string): Layer | undefined {
  const [folder = '', ...rest] = path.split('/');
  if (rest.length === 0) return folder in rules ? (folder as Layer) : undefined;
  if (path === 'policies/authorize.ts') return 'authorize.ts';
  if (!domainFolders.has(folder)) return folder in rules ? (folder as Layer) : undefined;
  const name = posix.basename(path, '.ts');
  if (operations.has(name)) return 'operations';
  return stepName.test(name) ? 'steps' : 'models';
}

function partsOf(path: string, isTypeOnly: boolean): Part[] {
  const parts: Part[] = [];
  const isInterface = storageInterfaces.has(path) || (isTypeOnly && storageTypes.has(path));
  if (isInterface) parts.push('storage interfaces');
  const isQuery = path.startsWith('storage/metadata/queries/');
  if (isQuery) parts.push('storage queries');
  const hasRows = isQuery || path === 'storage/metadata/schema.ts';
  if (isTypeOnly && hasRows) parts.push('row types');
  if (path.startsWith('faults/')) parts.push('faults');
  if (path.startsWith('accounts/') && layerOf(path) === 'models') parts.push('account models');
  return parts;
}

/** @returns a sentence, or undefined if the import is allowed. */
function refusalOf(path: string, { line, specifier, isTypeOnly }: Import): string | undefined {
  const layer = layerOf(path);
  if (layer === undefined) return undefined; // a test of its own says so
  const rule = rules[layer];
  const start = `src/${path}:${line} imports ${specifier}, but`;
  if (isBuiltin(specifier)) {
    return rule.isNodeFree && `${start} ${layer} may not import Node's own modules.`;
  }
  if (!specifier.startsWith('.')) {
    const packages = rule.packages && [...rule.packages, ...(extraPackages[path] ?? [])];
    const isAllowed = packages?.some((name) => isSamePackage(specifier, name)) ?? true;
    const list = packages?.length ? `only the packages ${packages.join(', ')}` : 'no package';
    return isAllowed ? undefined : `${start} ${layer} may import ${list}.`;
  }
  const target = posix.join(posix.dirname(path), specifier);
  if (target.startsWith('..')) return `${start} that is outside of src.`;
  if (!isProductionFile(target)) return `${start} only tests may import tests.`;
  const targetLayer = layerOf(target);
  if (targetLayer === undefined) return `${start} that file belongs to no layer.`;
  if (layer === 'storage' && target === 'api/errors.ts' && !isTypeOnly) {
    return `${start} storage throws storage errors, and may import no more than types from there.`;
  }
  const may: (Layer | Part)[] = rule.isFlat ? rule.may : [layer, ...rule.may];
  const isAllowed = [targetLayer, ...partsOf(target, isTypeOnly)].some((it) => may.includes(it));
  const list = rule.may.length > 0 ? rule.may.join(', ') : 'nothing else of src';
  return isAllowed ? undefined : `${start} ${layer} may import only: ${list}.`;
}

function isSamePackage(specifier: string, name: string): boolean {
  return name.endsWith('/')
    ? specifier.startsWith(name)
    : specifier === name || specifier.startsWith(`${name}/`);
}

function isProductionFile(path: string): boolean {
  return !path.endsWith('.test.ts') && posix.basename(path) !== 'conformance.ts';
}

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
}

/** Static, dynamic and type imports, and re-exports. */
function importsOf(file: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = moduleNameOf(node);
    if (found && ts.isStringLiteralLike(found.name)) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      const specifier = found.name.text;
      imports.push({ line: line + 1, specifier, isTypeOnly: found.isTypeOnly });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return imports;
}

function moduleNameOf(node: ts.Node): { name: ts.Node; isTypeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    const isTypeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { name: node.moduleSpecifier, isTypeOnly };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { name: node.moduleSpecifier, isTypeOnly: node.isTypeOnly };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { name: node.argument.literal, isTypeOnly: true };
  }
  const isCall = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const name = isCall ? node.arguments[0] : undefined;
  return name && { name, isTypeOnly: false };
}

function defaultExportsOf(file: ts.SourceFile): number[] {
  return file.statements
    .filter((statement) => {
      if (ts.isExportAssignment(statement)) return true;
      if (ts.isExportDeclaration(statement) && statement.exportClause) {
        const clause = statement.exportClause;
        return (
          ts.isNamedExports(clause) && clause.elements.some((it) => it.name.text === 'default')
        );
      }
      const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
      return modifiers?.some((it) => it.kind === ts.SyntaxKind.DefaultKeyword) ?? false;
    })
    .map((statement) => file.getLineAndCharacterOfPosition(statement.getStart(file)).line + 1);
}

/** @returns each cycle once, as the files on it, the first repeated at the end. */
function cyclesOf(targets: Map<string, string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return cycles;
}

const src = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && isProductionFile(path))
  .sort()
  .map((path) => {
    const text = readFileSync(join(src, path), 'utf8');
    const file = parse(path, text);
    return { path, file, imports: importsOf(file), lines: text.trimEnd().split('\n').length };
  });

describe('the sources', () => {
  it('lie in a folder that the layout knows', () => {
    const strangers = files.filter(({ path }) => layerOf(path) === undefined);
    expect(
      strangers.map(({ path }) => `src/${path} belongs to no layer of test/architecture.test.ts.`),
    ).toEqual([]);
  });

  it('import downwards only', () => {
    const refusals = files.flatMap(({ path, imports }) =>
      imports.map((it) => refusalOf(path, it)).filter((it) => it !== undefined),
    );
    expect(refusals).toEqual([]);
  });

  it('import each other without cycles, types included', () => {
    const targets = new Map(
      files.map(({ path, imports }) => [
        path,
        imports
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
      ]),
    );
    const sentences = cyclesOf(targets).map((it) => `These import each other: ${it.join(' → ')}.`);
    expect(sentences).toEqual([]);
  });

  it('export by name only', () => {
    const sentences = files.flatMap(({ path, file }) =>
      defaultExportsOf(file).map((line) => `src/${path}:${line} has a default export; name it.`),
    );
    expect(sentences).toEqual([]);
  });

  it(`have at most ${maxLines} lines a file`, () => {
    const long = files.filter((it) => it.lines > maxLines && !filesAllowedToBeLong.has(it.path));
    expect(long.map((it) => `src/${it.path} has ${it.lines} lines; split it.`)).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const judge = (path: string, code: string): (string | undefined)[] =>
    importsOf(parse(path, code)).map((it) => refusalOf(path, it));

  it.each([
    ['jobs/get-job-output.ts', `import { job } from './job.ts';`],
    ['jobs/get-job-output.ts', `import type { Call } from '../operation.ts';`],
    ['jobs/get-job-output.ts', `import { find } from '../storage/metadata/queries/jobs.ts';`],
    ['jobs/list-jobs.ts', `import type { JobRow } from '../storage/metadata/schema.ts';`],
    ['jobs/job.ts', `import type { JobRow } from '../storage/metadata/schema.ts';`],
    ['workers/run-jobs.ts', `import { locate } from '../archives/locate-content.ts';`],
    ['jobs/get-job-output.ts', `import type { B } from '../storage/blobs/blob-store.ts';`],
    ['handlers.ts', `import { getJobOutput } from './jobs/get-job-output.ts';`],
    ['http/pipeline.ts', `import { authorize } from '../policies/authorize.ts';`],
    ['http/router.ts', `import router from 'find-my-way';`],
    ['storage/metadata/sqlite.ts', `import Database from 'better-sqlite3';`],
    ['storage/metadata/sqlite.ts', `import type { ErrorName } from '../../api/errors.ts';`],
    ['sigv4/verify.ts', `import { SignatureV4 } from '@smithy/signature-v4';`],
    ['api/shapes.ts', `import { z } from 'zod';`],
    ['lib/log.ts', `import { pino } from 'pino';`],
    ['main.ts', `const { serve } = await import('./serve.ts');`],
  ])('allow %s: %s', (path, code) => {
    expect(judge(path, code)).toEqual([undefined]);
  });

  it.each([
    ['jobs/get-job-output.ts', `import { x } from './list-jobs.ts';`],
    ['jobs/get-job-output.ts', `import { x } from '../storage/blobs/disk.ts';`],
    ['jobs/list-jobs.ts', `import { schema } from '../storage/metadata/schema.ts';`],
    ['jobs/get-job-output.ts', `import { reply } from '../http/reply.ts';`],
    ['jobs/job.ts', `import { x } from './get-job-output.ts';`],
    ['jobs/job.ts', `type X = import('../storage/metadata/metadata-store.ts').X;`],
    ['jobs/job.ts', `import { z } from 'zod';`],
    ['jobs/job.ts', `import { x } from './require-job.ts';`],
    ['jobs/require-job.ts', `import { x } from './get-job-output.ts';`],
    ['http/pipeline.ts', `import { vault } from '../vaults/vault.ts';`],
    ['workers/sweep.ts', `export * from '../http/reply.ts';`],
    ['workers/sweep.ts', `import { disk } from '../storage/blobs/disk.ts';`],
    ['storage/blobs/disk.ts', `import { glacierError } from '../../api/errors.ts';`],
    ['sigv4/verify.ts', `import { key } from '../accounts/key.ts';`],
    ['api/shapes.ts', `import { readFile } from 'node:fs/promises';`],
    ['api/shapes.ts', `import { clock } from '../lib/clock.ts';`],
    ['lib/ids.ts', `import { pino } from 'pino';`],
    ['lib/ids.ts', `import { limits } from '../api/limits.ts';`],
    ['cli/upload.ts', `const x = await import('../storage/blobs/disk.ts');`],
    ['server.ts', `import { x } from './main.ts';`],
    ['server.ts', `import { suite } from './storage/blobs/conformance.ts';`],
  ])('refuse %s: %s', (path, code) => {
    const [sentence] = judge(path, code);
    expect(sentence).toContain(`src/${path}:1 imports `);
  });

  it('see a cycle and a default export', () => {
    const targets = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['b.ts']],
    ]);
    expect(cyclesOf(targets)).toEqual([['b.ts', 'c.ts', 'b.ts']]);
    const code = 'const a = 1;\nexport default a;\nexport { a as default };';
    expect(defaultExportsOf(parse('a.ts', code))).toEqual([2, 3]);
  });
});
