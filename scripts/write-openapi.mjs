/** Writes docs/openapi.json and docs/own-openapi.json from the two tables. Tests compare them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
// By a variable, so that the type checker does not look for what is only there after a build.
const built = '../dist';
const { openApiDocument } = await import(`${built}/api/openapi.js`);
const { createAdmin } = await import(`${built}/admin/app.js`);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
write('openapi.json', openApiDocument());
write('own-openapi.json', createAdmin({ version }).document());

/**
 * @param {string} name
 * @param {object} document
 */
function write(name, document) {
  const path = join(root, 'docs', name);
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
  process.stdout.write(`${path}\n`);
}
