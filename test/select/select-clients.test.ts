/** Select jobs as real clients start them, and what topics are told of them. */
import { dirname } from 'node:path';
import {
  DescribeJobCommand,
  GlacierClient,
  type GlacierJobDescription,
  InitiateJobCommand,
} from '@aws-sdk/client-glacier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsCommandLine } from '../clients/support/aws-cli.ts';
import { findProgram } from '../clients/support/program.ts';
import { topicArn } from '../notifications/support/notified-server.ts';
import { Receiver } from '../notifications/support/receiver.ts';
import { cephRefusal } from '../support/ceph.ts';
import { BUCKET, completed, selectJob, startSelect } from './support/select-jobs.ts';
import { useSelectServer } from './support/use-select-server.ts';

if (cephRefusal) console.log(`test/select/select-clients.test.ts is skipped: ${cephRefusal}.`);
const aws = cephRefusal ? undefined : await findProgram('FIRN_TEST_AWS', 'aws', ['--version']);

const TOPIC = 'selected';
const EXPRESSION = 'SELECT COUNT(*) FROM archive';
const named = { InputSerialization: { csv: { FileHeaderInfo: 'USE' } } };

describe.skipIf(cephRefusal)('select jobs', { timeout: 120_000 }, () => {
  const receiver = new Receiver();
  const used = useSelectServer({
    flags: async () => {
      await receiver.open();
      return ['--webhook', `${topicArn(TOPIC)}=${receiver.url(`/${TOPIC}`)}`];
    },
  });
  let archiveId: string;
  beforeAll(async () => {
    archiveId = await used().client.uploadArchive(used().vault, 'id,name\n1,anna\n2,bob\n');
  });
  afterAll(() => receiver.close());

  const resultOf = async (path: string) => (await used().bucket.results(path)).toString();

  it('started by the SDK for JavaScript', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = used().server;
    const credentials = { accessKeyId, secretAccessKey };
    const sdk = new GlacierClient({ endpoint, region, credentials, maxAttempts: 1 });
    const place = { accountId: '-', vaultName: used().vault };
    const { jobId = '', jobOutputPath = '' } = await sdk.send(
      new InitiateJobCommand({
        ...place,
        jobParameters: {
          Type: 'select',
          ArchiveId: archiveId,
          Tier: 'Expedited',
          SelectParameters: {
            Expression: EXPRESSION,
            ExpressionType: 'SQL',
            InputSerialization: { csv: { FileHeaderInfo: 'USE' } },
          },
          OutputLocation: { S3: { BucketName: BUCKET, Prefix: 'sdk' } },
        },
      }),
    );
    expect(jobOutputPath).toBe(`sdk/${jobId}/`);
    await completed(used(), jobId);
    const described: GlacierJobDescription = await sdk.send(
      new DescribeJobCommand({ ...place, jobId }),
    );
    sdk.destroy();
    expect(described).toMatchObject({
      Action: 'Select',
      JobOutputPath: jobOutputPath,
      OutputLocation: { S3: { BucketName: BUCKET, Prefix: 'sdk' } },
      SelectParameters: { Expression: EXPRESSION, ...named },
      StatusCode: 'Succeeded',
      Tier: 'Expedited',
    });
    expect(await resultOf(jobOutputPath)).toBe('2\n');
  });

  it.skipIf(aws === undefined)('started by the AWS command line', async () => {
    const { server, vault } = used();
    const cli = new AwsCommandLine(aws ?? '', server, dirname(server.dataDirectory));
    const place = ['--account-id', '-', '--vault-name', vault];
    const job = JSON.stringify(selectJob(archiveId, EXPRESSION, { parameters: named }));
    const started = await cli.succeed('initiate-job', ...place, '--job-parameters', job);
    const jobId = String(started.jobId);
    expect(started).toEqual({
      jobId,
      jobOutputPath: `out/${jobId}/`,
      location: `/${server.accountId}/vaults/${vault}/jobs/${jobId}`,
    });
    await completed(used(), jobId);
    const described = await cli.succeed('describe-job', ...place, '--job-id', jobId);
    cli.close();
    expect(described).toMatchObject({ Action: 'Select', JobOutputPath: started.jobOutputPath });
    expect(await resultOf(`out/${jobId}/`)).toBe('2\n');
  });

  it.each([
    ['Succeeded', 'STRING'],
    ['Failed', 'INT'],
  ])('tell their topic that they have %s', async (StatusCode, type) => {
    const seen = receiver.deliveries.length;
    const more = { SNSTopic: topicArn(TOPIC) };
    const expression = `SELECT CAST(_1 AS ${type}) FROM archive`;
    const { jobId, job } = await used().select(archiveId, expression, more);
    const told = (await receiver.waitFor(TOPIC, seen + 1)).at(-1)?.job;
    expect(told).toEqual(job);
    expect(told).toMatchObject({ JobId: jobId, StatusCode, SNSTopic: topicArn(TOPIC) });
  });

  it('do not tell the topic that the vault has for its retrievals', async () => {
    const { client } = used();
    const own = { client, vault: await client.freshVault() };
    const ArchiveId = await client.uploadArchive(own.vault, 'a\n');
    const Events = ['ArchiveRetrievalCompleted', 'InventoryRetrievalCompleted'];
    const body = JSON.stringify({ SNSTopic: topicArn(TOPIC), Events });
    const target = `/-/vaults/${own.vault}/notification-configuration`;
    await client.expect(204, 'PUT', target, { body });
    const job = selectJob(ArchiveId, 'SELECT * FROM archive');
    await completed(own, (await startSelect(own, job)).jobId);
    const retrieval = await client.retrievedArchive(own.vault, ArchiveId);
    const told = () =>
      receiver.at(TOPIC).flatMap(({ job: it }) => (it.ArchiveId === ArchiveId ? [it.JobId] : []));
    await expect.poll(told).toEqual([retrieval]);
  });
});
