/**
 * A private Ceph with its S3 gateway: one monitor, one object store daemon in memory, no manager, no
 * authentication among them, on free ports of the loopback address and in a temporary directory.
 *
 * The order of the steps and the settings decide whether it works at all; `ms mon … mode` is needed
 * beside `ms … mode`, else the gateway waits for ever (observed with Ceph 16).
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const STEP_TIMEOUT_MS = 60_000;

/** That end the tests before `stop`: no daemon may outlive them. */
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Why there is none to be had; undefined when there is. */
export const cephRefusal =
  process.env.FIRN_TEST_CEPH === '1' ? undefined : 'FIRN_TEST_CEPH is not 1: Ceph is not installed';

/** The key that `aws:kms` can name. */
export const KMS_KEY_ID = 'testkey-1';

export interface Ceph {
  readonly endpoint: URL;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Ends everything and removes its directory. */
  stop(): Promise<void>;
}

/** Takes some seconds. */
export async function startCeph(): Promise<Ceph> {
  const directory = mkdtempSync(join(tmpdir(), 'firn-ceph-'));
  const daemons: ChildProcess[] = [];
  const end = (): void => {
    for (const daemon of daemons) daemon.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  const endWithUs = (signal: NodeJS.Signals): void => {
    end();
    process.kill(process.pid, signal);
  };
  process.once('exit', end);
  for (const signal of signals) process.once(signal, endWithUs);
  const stop = async (): Promise<void> => {
    process.off('exit', end);
    for (const signal of signals) process.off(signal, endWithUs);
    // The gateway first, then the store, then the monitor: each waits for the next when it stops.
    for (const daemon of daemons.toReversed()) await stopDaemon(daemon);
    end();
  };
  try {
    return { ...(await startIn(directory, daemons)), stop };
  } catch (error) {
    const log = readOrEmpty(join(directory, 'log', 'client.rgw.a.log')).slice(-2_000);
    await stop();
    throw new Error(`Ceph did not start. ${log}`, { cause: error });
  }
}

async function startIn(directory: string, daemons: ChildProcess[]): Promise<Omit<Ceph, 'stop'>> {
  for (const name of ['mon', 'osd.0', 'rgw', 'run', 'log']) mkdirSync(join(directory, name));
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const [fsid, osdId] = [randomUUID(), randomUUID()];
  const file = join(directory, 'ceph.conf');
  const map = join(directory, 'monmap');
  writeFileSync(file, settings({ directory, fsid, monitorPort, gatewayPort }));
  const run = (program: string, ...args: string[]) =>
    exec(program, [...args, '-c', file], { timeout: STEP_TIMEOUT_MS });
  const daemon = (program: string, ...args: string[]): void => {
    daemons.push(spawn(program, ['-c', file, '-f', ...args], { stdio: 'ignore' }));
  };
  const monitor = `[v2:127.0.0.1:${monitorPort}]`;
  await run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', monitor, map);
  await run('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map);
  daemon('ceph-mon', '-i', 'a');
  await run('ceph', 'osd', 'new', osdId, '0');
  await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osdId);
  daemon('ceph-osd', '-i', '0');
  daemon('radosgw', '-n', 'client.rgw.a');
  const endpoint = new URL(`http://127.0.0.1:${gatewayPort}`);
  await answering(endpoint);
  const keys = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' };
  const user = ['--uid=test', '--display-name=test', `--access-key=${keys.accessKeyId}`];
  await run('radosgw-admin', 'user', 'create', ...user, `--secret-key=${keys.secretAccessKey}`);
  return { endpoint, region: 'us-east-1', ...keys };
}

async function answering(endpoint: URL): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await (await fetch(endpoint)).arrayBuffer();
      return;
    } catch (error) {
      if (attempt === 600) throw error;
      await wait(50);
    }
  }
}

async function stopDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const exited = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

interface Places {
  readonly directory: string;
  readonly fsid: string;
  readonly monitorPort: number;
  readonly gatewayPort: number;
}

const settings = ({ directory, fsid, monitorPort, gatewayPort }: Places): string => `
[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
run dir = ${directory}/run
admin socket = ${directory}/run/$cluster-$name.asok
pid file = ${directory}/run/$name.pid
log file = ${directory}/log/$name.log
paxos propose interval = 0.05
paxos min wait = 0.01
mon tick interval = 1
mon data avail crit = 1
mon data avail warn = 2
mon allow pool size one = true
mon osd min down reporters = 1
osd heartbeat interval = 1
osd heartbeat grace = 4
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd class load list = *
osd class default list = *
osd objectstore = memstore
osd memory target = 939524096
memstore device bytes = ${2 * 1024 ** 3}
[mon.a]
mon data = ${directory}/mon
mon initial members = a
[osd]
osd data = ${directory}/osd.$id
[client.rgw.a]
keyring = /dev/null
rgw data = ${directory}/rgw
rgw dns name = localhost
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw thread pool size = 16
rgw enable usage log = false
rgw enable ops log = false
rgw run sync thread = false
rgw enable quota threads = false
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = ${KMS_KEY_ID}=${randomBytes(32).toString('base64')}
`;
