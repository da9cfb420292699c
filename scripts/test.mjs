/**
 * `npm test -- …`: installs and builds what is missing (the tests start the built server), looks for
 * the real clients, runs Vitest with the arguments given, and ends with one line to be read by
 * programs: `N passed, N failed, N skipped`. A run in which no test ran has failed.
 */
import { ensureCeph } from './install-ceph.mjs';
import { ensureClients } from './install-clients.mjs';
import { ensureBuilt, ensureInstalled } from './prepare.mjs';

const counts = { passed: 0, failed: 0, skipped: 0 };
let isGood = false;
try {
  ensureInstalled();
  ensureBuilt();
  await ensureClients();
  await ensureCeph();
  isGood = await runTests();
} catch (error) {
  console.error('No complete test run:', error instanceof Error ? error.message : error);
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(isGood && counts.failed === 0 && counts.passed > 0 ? 0 : 1);

/** @returns {Promise<boolean>} whether Vitest itself is content */
async function runTests() {
  const { parseCLI, startVitest } = await import('vitest/node');
  const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
  const vitest = await startVitest('test', filter, options);
  for (const file of vitest.state.getTestModules()) countTests(file);
  counts.failed += vitest.state.getUnhandledErrors().length; // those outside of any test
  const isContent = (process.exitCode ?? 0) === 0;
  await vitest.close();
  return isContent;
}

/** @param {import('vitest/node').TestModule} file */
function countTests(file) {
  for (const test of file.children.allTests()) {
    const { state } = test.result();
    if (state === 'pending')
      counts.failed += 1; // the run ended before it did
    else counts[state] += 1;
  }
  // A file that cannot be loaded, or whose hooks fail, has no failed test to show for it.
  const hasOwnError = file.errors().length > 0;
  const suites = [...file.children.allSuites()];
  counts.failed += Number(hasOwnError) + suites.filter((suite) => suite.errors().length > 0).length;
}
