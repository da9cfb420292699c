/**
 * The S3-compatible store that tests of outgoing results write to: Ceph's object gateway, from
 * Debian's packages. It is installed where that is harmless (root, a machine with apt-get: a
 * container); elsewhere one line says that those tests will be skipped.
 *
 * Tests find FIRN_TEST_CEPH=1 in the environment when it is usable. Set to 0 beforehand, nothing is
 * looked for and nothing installed.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installPackages } from './install-packages.mjs';

const exec = promisify(execFile);
const packages = ['ceph-mon', 'ceph-osd', 'radosgw'];
const programs = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];

/** Finds or installs Ceph, and tells the tests of it through the environment. */
export async function ensureCeph() {
  const refusal = await makeUsable();
  if (refusal === undefined) {
    process.env.FIRN_TEST_CEPH = '1';
    return;
  }
  delete process.env.FIRN_TEST_CEPH;
  say(`Tests with a real object store (Ceph) will be skipped: ${refusal}.`);
}

/** @returns {Promise<string | undefined>} why it cannot be used */
async function makeUsable() {
  if (process.env.FIRN_TEST_CEPH === '0') return 'FIRN_TEST_CEPH is 0';
  if (await isInstalled()) return undefined;
  const refusal = installPackages(packages, 'the test object store');
  if (refusal !== undefined) return refusal;
  return (await isInstalled()) ? undefined : 'its programs do not run';
}

async function isInstalled() {
  const runs = await Promise.all(programs.map(canRun));
  return runs.every(Boolean);
}

/** @param {string} program */
async function canRun(program) {
  try {
    // monmaptool knows no --version, but prints its usage without arguments and exits with 1.
    await exec(program, program === 'monmaptool' ? ['--help'] : ['--version'], { timeout: 30_000 });
    return true;
  } catch (error) {
    return program === 'monmaptool' && /** @type {{ code?: unknown }} */ (error).code === 1;
  }
}

/** @param {string} sentence */
function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}
