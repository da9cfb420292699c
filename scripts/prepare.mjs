/**
 * What must be true before Firn or its tests can run from a clone: the dependencies are those of
 * the lock file, and dist/ is made from the sources. Both are judged by content, so that a clone, a
 * branch switch or a touched file never leads to needless work nor to stale code, and both are
 * silent when there is nothing to do. Messages go to stderr: stdout belongs to the caller.
 *
 * `npm run build` runs this file.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const lockFile = join(root, 'package-lock.json');
const installedLockFile = join(root, 'node_modules', '.package-lock.json');
const installStampFile = join(root, 'node_modules', '.firn-stamp');
const dist = join(root, 'dist');
const buildStampFile = join(dist, '.firn-stamp');

/** Runs `npm ci` if node_modules is missing, or was made from another lock file or Node ABI. */
export function ensureInstalled() {
  if (isInstalled()) return;
  say('Installing the dependencies (npm ci) …');
  const npm = process.env.npm_execpath;
  const how = npm ? [process.execPath, npm] : ['npm'];
  run([...how, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci failed');
  writeFileSync(installStampFile, installStamp());
}

/** Builds dist/ if a source, a tsconfig or the lock file differs from what it was built from. */
export function ensureBuilt() {
  if (readOrEmpty(buildStampFile) !== buildStamp()) build();
}

export function build() {
  const stamp = buildStamp();
  say('Building …');
  rmSync(buildStampFile, { force: true });
  removeOrphanedOutput();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run([process.execPath, tsc, '-p', 'tsconfig.build.json'], 'the build failed');
  writeFileSync(buildStampFile, stamp);
}

function isInstalled() {
  if (!existsSync(installedLockFile)) return false;
  const stamp = readOrEmpty(installStampFile);
  if (stamp === installStamp()) return true;
  const isOtherAbi = stamp !== '' && abiOf(stamp) !== abiOf(installStamp());
  if (isOtherAbi || !isMadeFromLock()) return false;
  writeFileSync(installStampFile, installStamp()); // somebody ran npm by hand
  return true;
}

function installStamp() {
  return `${hashOf([lockFile, installedLockFile])} abi-${process.versions.modules}\n`;
}

/** @param {string} stamp */
function abiOf(stamp) {
  return stamp.split(' ').at(-1);
}

/**
 * npm leaves a copy of what it installed in node_modules/.package-lock.json. Optional packages (other
 * platforms' binaries) may be missing there; everything else must be the same in both.
 */
function isMadeFromLock() {
  const { '': _root, ...wanted } = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const found = JSON.parse(readFileSync(installedLockFile, 'utf8')).packages;
  const isSame = (/** @type {string} */ path) =>
    wanted[path]?.version === found[path]?.version &&
    wanted[path]?.integrity === found[path]?.integrity;
  return (
    Object.keys(found).every(isSame) &&
    Object.keys(wanted).every((path) => isSame(path) || (wanted[path].optional && !found[path]))
  );
}

function buildStamp() {
  const configs = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  return hashOf([...configs.map((name) => join(root, name)), ...filesIn(join(root, 'src'))]);
}

/** tsc leaves the output of a source that is gone; it would still be found by a stale import. */
function removeOrphanedOutput() {
  for (const file of filesIn(dist)) {
    const source = join(root, 'src', relative(dist, file).replace(/\.js(\.map)?$/, '.ts'));
    if (/\.js(\.map)?$/.test(file) && !existsSync(source)) rmSync(file);
  }
}

/** @param {string} folder */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @param {string[]} files */
function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} file */
function readOrEmpty(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * @param {string[]} command
 * @param {string} complaint
 */
function run([program = '', ...args], complaint) {
  const { error, status } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    shell: process.platform === 'win32' && program === 'npm',
  });
  if (error) throw new Error(`${complaint}: ${error.message}`);
  if (status !== 0) throw new Error(complaint);
}

/** @param {string} sentence */
function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}

/**
 * Runs `ensure`, and ends the process with one sentence instead of a stack when it fails.
 * @param {() => void} ensure
 */
export function orExit(ensure) {
  try {
    ensure();
  } catch (error) {
    say(`Firn: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  orExit(() => {
    ensureInstalled();
    build();
  });
}
