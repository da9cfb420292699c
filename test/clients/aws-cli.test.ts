/** The whole story with the AWS command line, and what only it has. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniqueName } from '../support/client.ts';
import { AwsCommandLine } from './support/aws-cli.ts';
import { useOwnServer } from './support/own-server.ts';
import { findProgram } from './support/program.ts';
import { tellStory } from './support/story.ts';

const aws = await findProgram('FIRN_TEST_AWS', 'aws', ['--version']);

/** Each command is a process that takes half a second to start, and more on a busy machine. */
const timeout = 90_000;

describe.skipIf(aws === undefined)('aws glacier', { timeout }, () => {
  const own = useOwnServer();
  const connect = () => new AwsCommandLine(aws ?? '', own.server, own.folder);

  tellStory({
    own,
    makeClient: (target) => new AwsCommandLine(aws ?? '', target, own.folder),
    atOnce: 2,
    isBrief: true,
  });

  describe('by itself', () => {
    let cli: AwsCommandLine;
    beforeAll(() => {
      cli = connect();
    });
    afterAll(() => cli?.close());

    it('waits until a vault exists, and until it does not', async () => {
      const [there, later] = [await own.client.freshVault(), uniqueName()];
      const wait = (what: string, vault: string) =>
        cli.command('wait', what, '--account-id', '-', '--vault-name', vault);
      const waits = [wait('vault-exists', later), wait('vault-not-exists', there)];
      await delay(1_000);
      await own.client.createVault(later);
      await own.client.expect(204, 'DELETE', `/-/vaults/${there}`);
      const silence = { code: 0, stdout: '', stderr: '' };
      expect(await Promise.all(waits)).toEqual([silence, silence]);
    });

    it('pages by itself', async () => {
      const wanted = Array.from({ length: 12 }, (_, i) => `paged-${String(i).padStart(2, '0')}`);
      await Promise.all(wanted.map((name) => own.client.createVault(name)));
      const { VaultList } = await cli.succeed('list-vaults', '--account-id', '-');
      const names = (VaultList as { VaultName: string }[]).map((vault) => vault.VaultName);
      expect(names.filter((name) => name.startsWith('paged-'))).toEqual(wanted);
    });
  });
});
