'use strict';

/**
 * `npm start -- …` is `firn serve …` from a clone: installs and builds what is missing, then becomes
 * the server, in this very process, so that signals and the exit code are the server's own.
 *
 * NOTE: package.json says `exec node …`, because npm passes signals to its shell, which would die of
 * them alone and leave the server behind.
 * NOTE: CommonJS, for the reason told in bin/firn: an ES module would start the thread pool before
 * its size can be set.
 */
process.env.UV_THREADPOOL_SIZE ??= '16';

const path = require('node:path');

async function start() {
  const { ensureBuilt, ensureInstalled, orExit } = await import('./prepare.mjs');
  orExit(() => {
    ensureInstalled();
    ensureBuilt();
  });
  const program = path.join(__dirname, '..', 'bin', 'firn');
  process.argv.splice(1, 1, program, 'serve');
  require(program);
}

void start();
