/** The whole story with boto3, told by boto3_story.py; between its acts the server is restarted. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { awsEnvironment } from './support/aws-cli.ts';
import { useOwnServer } from './support/own-server.ts';
import { findProgram, run } from './support/program.ts';

const python = await findProgram('FIRN_TEST_PYTHON', 'python3', ['-c', 'import boto3']);
const script = fileURLToPath(new URL('boto3_story.py', import.meta.url));

describe.skipIf(python === undefined)('boto3', { timeout: 90_000 }, () => {
  const own = useOwnServer();

  /** The steps that an act has told, in order. */
  async function tell(act: 'store' | 'again'): Promise<string[]> {
    const { server, folder } = own;
    const environment = {
      ...awsEnvironment(server),
      FIRN_TEST_ENDPOINT_URL: server.endpoint,
      FIRN_TEST_ACCOUNT: server.accountId,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const state = join(folder, 'state.json');
    const ended = await run(python ?? '', [script, act, state], { environment });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    return ended.stdout.split('\n').flatMap((line) => line.match(/^\w+/) ?? []);
  }

  it('stores and retrieves', async () => {
    expect((await tell('store')).join(' ')).toBe(
      'make_vault upload compare_inventories retrieve download download_ranges retrieve_range',
    );
  });

  it('goes on after a restart, and deletes everything', async () => {
    expect(await own.server.stop()).toBe(0);
    await own.server.restart();
    expect((await tell('again')).join(' ')).toBe(
      'download download_ranges fetch_presigned compare_inventories be_refused delete_everything page_through_vaults',
    );
  });
});
