/** How `firn serve` is called: settings by file, environment and flags, and what it says of mistakes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';

const program = fileURLToPath(new URL('../../bin/firn', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'firn-serve-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function fileOf(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function refusalOf(...flags: readonly string[]) {
  const place = ['--data-dir', join(directory, 'none'), '--listen', '127.0.0.1:0'];
  const { status, stderr } = spawnSync(process.execPath, [program, 'serve', ...place, ...flags], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stderr };
}

describe('firn serve', () => {
  it('reads the file that --config names, beneath environment and flags', async () => {
    const config = fileOf('firn.toml', 'region = "eu-north-1"\naccount-id = "123412341234"\n');
    const server = await startServer({
      arguments: ['--config', config],
      environment: { FIRN_REGION: 'eu-west-1', FIRN_ACCOUNT_ID: '' },
    });
    try {
      const started = server.logLines.find((line) => line.msg === 'listening');
      expect(started).toMatchObject({ region: 'eu-west-1', accountId: '123412341234' });
    } finally {
      await server.close();
    }
  });

  it.each([
    [['--config', fileOf('unknown.toml', 'lisen = "x"\n')], /there is no setting lisen/],
    [['--region', 'Not A Region'], /^firn: region: /],
    [['--no-such-flag'], /^firn: unknown option '--no-such-flag'/],
    [['stray'], /^firn: too many arguments/],
    [['--sns-endpoint', 'http://127.0.0.1:1'], /FIRN_SNS_ACCESS_KEY_ID/],
  ])('%j ends with 2 and a sentence', (flags, sentence) => {
    const { status, stderr } = refusalOf(...flags);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });
});
