/** Debian packages that tests need: installed where that is harmless (root, a machine with apt-get). */
import { spawnSync } from 'node:child_process';

const options = ['-qq', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2'];

/**
 * @param {readonly string[]} names of the packages
 * @param {string} purpose as in "Installing …"
 * @returns {string | undefined} why they could not be installed
 */
export function installPackages(names, purpose) {
  if (process.getuid?.() !== 0) return 'not installed, and only root may install it';
  if (spawnSync('apt-get', ['--version']).status !== 0) {
    return 'not installed, and this machine has no apt-get';
  }
  process.stderr.write(`Installing ${purpose} (apt-get install ${names.join(' ')}) …\n`);
  const isDone =
    aptGet([...options, 'update']) &&
    aptGet([...options, 'install', '-y', '--no-install-recommends', ...names]);
  return isDone ? undefined : 'apt-get could not install it';
}

/** @param {readonly string[]} args */
function aptGet(args) {
  const { status, stdout, stderr } = spawnSync('apt-get', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 600_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  return status === 0;
}
