/**
 * The real clients that test/clients runs whole stories with: the AWS command line, boto3 and curl;
 * and faketime, which gives one test a lying wall clock.
 * Missing ones are installed where that is harmless (root, a machine with apt-get: a container);
 * elsewhere one line says which stories will be skipped.
 *
 * Tests find them in FIRN_TEST_AWS (a program) and FIRN_TEST_PYTHON (an interpreter that can import
 * boto3; Debian's package is seen by /usr/bin/python3 only, which need not be the first on PATH).
 * Both are unset where there is none, and both may be set beforehand to choose another.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installPackages } from './install-packages.mjs';

const exec = promisify(execFile);
const packages = {
  aws: 'awscli',
  python: 'python3-boto3',
  curl: 'curl',
  faketime: 'faketime',
};

/** @typedef {{ aws?: string, python?: string, curl?: string, faketime?: string }} Clients absolute paths */

/** Finds or installs the clients, and tells the tests of them through the environment. */
export async function ensureClients() {
  let clients = await findClients();
  const missing = missingOf(clients);
  if (missing.length > 0) {
    const names = missing.map((name) => packages[name]);
    const refusal = installPackages(names, 'the test clients');
    clients = await findClients();
    const skipped = missingOf(clients).map((name) => (name === 'python' ? 'boto3' : name));
    if (skipped.length > 0) {
      say(`Tests with ${skipped.join(', ')} will be skipped: ${refusal ?? 'not found'}.`);
    }
  }
  setOrUnset('FIRN_TEST_AWS', clients.aws);
  setOrUnset('FIRN_TEST_PYTHON', clients.python);
}

/** @returns {Promise<Clients>} */
async function findClients() {
  const [aws, python, curl, faketime] = await Promise.all([
    firstThatRuns(candidates('FIRN_TEST_AWS', 'aws'), ['--version']),
    firstThatRuns(candidates('FIRN_TEST_PYTHON', 'python3'), ['-c', 'import boto3']),
    firstThatRuns(candidates('FIRN_TEST_CURL', 'curl'), ['--version']),
    firstThatRuns(candidates('FIRN_TEST_FAKETIME', 'faketime'), ['--version']),
  ]);
  return {
    ...(aws && { aws }),
    ...(python && { python }),
    ...(curl && { curl }),
    ...(faketime && { faketime }),
  };
}

/** @param {Clients} clients */
function missingOf(clients) {
  return /** @type {const} */ (['aws', 'python', 'curl', 'faketime']).filter(
    (name) => !clients[name],
  );
}

/**
 * Every program of that name on PATH, as it is no use to know the first if it does not run (a
 * version manager's shim without a version behind it).
 * @param {string} variable
 * @param {string} program
 */
function candidates(variable, program) {
  const chosen = process.env[variable];
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  const found = [...new Set(folders)]
    .map((folder) => join(folder, program))
    .filter((path) => isExecutable(path));
  return chosen ? [chosen, ...found] : found;
}

/**
 * @param {string[]} programs
 * @param {string[]} args
 */
async function firstThatRuns(programs, args) {
  for (const program of programs) {
    try {
      await exec(program, args, { timeout: 30_000 });
      return program;
    } catch {
      // not this one
    }
  }
  return undefined;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} variable
 * @param {string | undefined} value
 */
function setOrUnset(variable, value) {
  if (value) process.env[variable] = value;
  else delete process.env[variable];
}

/** @param {string} sentence */
function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}
