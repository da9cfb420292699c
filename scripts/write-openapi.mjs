/** Writes docs/openapi.json from the table of operations. A test compares the two. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
// By a variable, so that the type checker does not look for what is only there after a build.
const built = '../dist/api/openapi.js';
const { openApiDocument } = await import(built);
const path = join(root, 'docs', 'openapi.json');
writeFileSync(path, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
process.stdout.write(`${path}\n`);
