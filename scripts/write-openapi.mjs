/** Writes docs/openapi.json from the table of operations. A test compares the two. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const { openApiDocument } = await import('../dist/api/openapi.js');
const path = join(root, 'docs', 'openapi.json');
writeFileSync(path, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
process.stdout.write(`${path}\n`);
