import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const TOPIC = 'arn:aws:sns:us-west-2:111122223333:glacier-done';
const BOTH = ['ArchiveRetrievalCompleted', 'InventoryRetrievalCompleted'];

function putText(vault: string, body: string) {
  return firn.client.request('PUT', `/-/vaults/${vault}/notification-configuration`, { body });
}

function setNotifications(vault: string, configuration: unknown) {
  return putText(vault, JSON.stringify(configuration));
}

function getNotifications(vault: string) {
  return firn.client.request('GET', `/-/vaults/${vault}/notification-configuration`);
}

function checkNone(reply: Awaited<ReturnType<typeof getNotifications>>, vault: string): void {
  const message = `No notification configuration is set for vault: ${vault}`;
  checkError(reply, 'ResourceNotFoundException', message);
}

describe('SetVaultNotifications', () => {
  describe('malformed', () => {
    it.each([
      '',
      '{}',
      JSON.stringify({ Events: BOTH }),
      JSON.stringify({ SNSTopic: null, Events: BOTH }),
      JSON.stringify({ SNSTopic: '', Events: BOTH }),
      JSON.stringify({ snsTopic: TOPIC, Events: BOTH }),
      JSON.stringify({ vaultNotificationConfig: { SNSTopic: TOPIC, Events: BOTH } }),
    ])('refuses a missing topic: "%s"', async (body) => {
      const vault = await firn.client.freshVault();
      const message = 'Required parameter missing: SNSTopic';
      checkError(await putText(vault, body), 'MissingParameterValueException', message);
      checkNone(await getNotifications(vault), vault);
    });

    it.each([
      { SNSTopic: TOPIC },
      { SNSTopic: TOPIC, Events: null },
      { SNSTopic: TOPIC, events: BOTH },
      { SNSTopic: 'no topic' },
    ])('refuses missing events, before a topic that is none: %j', async (configuration) => {
      const vault = await firn.client.freshVault();
      const message = 'Required parameter missing: Events';
      const reply = await setNotifications(vault, configuration);
      checkError(reply, 'MissingParameterValueException', message);
      checkNone(await getNotifications(vault), vault);
    });

    it.each([
      '{',
      'nonsense',
      `{"SNSTopic":"${TOPIC}","Events":["ArchiveRetrievalCompleted"]`,
      `{"SNSTopic":"${TOPIC}","Events":["ArchiveRetrievalCompleted",]}`,
      'null',
      '[]',
      '"x"',
      '12',
      'true',
      '{"SNSTopic":5,"Events":["ArchiveRetrievalCompleted"]}',
      '{"SNSTopic":12345678901234567890,"Events":["ArchiveRetrievalCompleted"]}',
      `{"SNSTopic":["${TOPIC}"],"Events":["ArchiveRetrievalCompleted"]}`,
      `{"SNSTopic":"${TOPIC}","Events":"ArchiveRetrievalCompleted"}`,
      `{"SNSTopic":"${TOPIC}","Events":{"ArchiveRetrievalCompleted":true}}`,
      `{"SNSTopic":"${TOPIC}","Events":5}`,
      `{"SNSTopic":"${TOPIC}","Events":[5]}`,
      `{"SNSTopic":"${TOPIC}","Events":["ArchiveRetrievalCompleted",12345678901234567890]}`,
      `{"SNSTopic":"${TOPIC}","Events":["ArchiveRetrievalCompleted",null]}`,
      `{"SNSTopic":"${TOPIC}","Events":[["ArchiveRetrievalCompleted"]]}`,
    ])('refuses what is no JSON or of wrong types: %s', async (body) => {
      const vault = await firn.client.freshVault();
      checkError(await putText(vault, body), 'SerializationException', /^Invalid JSON: /);
      checkNone(await getNotifications(vault), vault);
    });

    it('refuses empty events', async () => {
      const vault = await firn.client.freshVault();
      const reply = await setNotifications(vault, { SNSTopic: TOPIC, Events: [] });
      const message = 'Invalid Events: at least one is needed';
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each(['', 'JobCompleted', 'archiveRetrievalCompleted', 'ArchiveRetrievalCompleted ', '*'])(
      'refuses the event "%s"',
      async (event) => {
        const vault = await firn.client.freshVault();
        for (const Events of [[event], [...BOTH, event], [event, ...BOTH]]) {
          const reply = await setNotifications(vault, { SNSTopic: TOPIC, Events });
          checkError(reply, 'InvalidParameterValueException', `Invalid event: ${event}`);
        }
        checkNone(await getNotifications(vault), vault);
      },
    );

    it.each([
      'topic',
      ' ',
      'https://example.com/topic',
      'arn:aws:sqs:us-west-2:111122223333:glacier-done',
      'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault',
      'arn:aws:sns:us-west-2:111122223333:',
      'arn:aws:sns:us-west-2:111122223333',
      'arn:aws:sns::111122223333:glacier-done',
      'arn:aws:sns:us-west-2:1111:glacier-done',
      'arn:aws:sns:us-west-2:1111-2222-3333:glacier-done',
      'arn:aws:sns:us-west-2:111122223333:two words',
      'arn:aws:sns:us-west-2:111122223333:a:b',
      'arn:aws:sns:us-west-2:111122223333:topic.other',
      'ARN:AWS:SNS:us-west-2:111122223333:glacier-done',
      `${TOPIC}\n`,
      ` ${TOPIC}`,
      `arn:aws:sns:us-west-2:111122223333:${'t'.repeat(257)}`,
    ])('refuses the topic %j', async (topic) => {
      const vault = await firn.client.freshVault();
      const reply = await setNotifications(vault, { SNSTopic: topic, Events: BOTH });
      checkError(reply, 'InvalidParameterValueException', `Invalid SNS topic: ${topic}`);
      checkNone(await getNotifications(vault), vault);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist, before anything about the body', async () => {
      const vault = uniqueName();
      const whole = JSON.stringify({ SNSTopic: TOPIC, Events: BOTH });
      for (const body of [whole, '', '{}', 'nonsense', '{"SNSTopic":"x","Events":[]}']) {
        checkNoVault(await putText(vault, body), firn.client, vault);
      }
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await setNotifications('my%20vault', { SNSTopic: TOPIC, Events: BOTH });
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const target = `/999999999999/vaults/${vault}/notification-configuration`;
      const body = JSON.stringify({ SNSTopic: TOPIC, Events: BOTH });
      const reply = await firn.client.request('PUT', target, { body });
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      checkNone(await getNotifications(vault), vault);
    });

    it('for an unsigned request', async () => {
      const vault = await firn.client.freshVault();
      const target = `/-/vaults/${vault}/notification-configuration`;
      const body = JSON.stringify({ SNSTopic: TOPIC, Events: BOTH });
      const reply = await firn.client.request('PUT', target, { body, signing: 'none' });
      checkError(reply, 'MissingAuthenticationTokenException');
      checkNone(await getNotifications(vault), vault);
    });

    it('and what was set before stays', async () => {
      const vault = await firn.client.freshVault();
      checkNoContent(await setNotifications(vault, { SNSTopic: TOPIC, Events: BOTH }));
      for (const change of [{ SNSTopic: 'x' }, { Events: [] }, { Events: null }]) {
        const reply = await setNotifications(vault, { SNSTopic: TOPIC, Events: BOTH, ...change });
        expect(reply.status).toBe(400);
      }
      checkJson(await getNotifications(vault), { Events: BOTH, SNSTopic: TOPIC });
    });
  });

  describe('works', () => {
    it.each([
      [['ArchiveRetrievalCompleted']],
      [['InventoryRetrievalCompleted']],
      [BOTH],
      [['InventoryRetrievalCompleted', 'ArchiveRetrievalCompleted']],
    ])('with the events %j', async (events) => {
      const vault = await firn.client.freshVault();
      checkNoContent(await setNotifications(vault, { SNSTopic: TOPIC, Events: events }));
      checkJson(await getNotifications(vault), { Events: events, SNSTopic: TOPIC });
    });

    it('with events that stand twice, which count once', async () => {
      const vault = await firn.client.freshVault();
      const Events = [...BOTH, ...BOTH, 'ArchiveRetrievalCompleted'];
      checkNoContent(await setNotifications(vault, { SNSTopic: TOPIC, Events }));
      checkJson(await getNotifications(vault), { Events: BOTH, SNSTopic: TOPIC });
    });

    it.each([
      'arn:aws:sns:eu-west-1:999999999999:t',
      'arn:aws:sns:us-west-2:111122223333:A_b-9',
      `arn:aws:sns:us-west-2:111122223333:${'t'.repeat(256)}`,
      'arn:aws:sns:us-west-2:111122223333:topic.fifo',
      'arn:aws-cn:sns:cn-north-1:111122223333:topic',
      'arn:aws-us-gov:sns:us-gov-west-1:111122223333:topic',
    ])('with the topic %s', async (topic) => {
      const vault = await firn.client.freshVault();
      checkNoContent(await setNotifications(vault, { SNSTopic: topic, Events: BOTH }));
      checkJson(await getNotifications(vault), { Events: BOTH, SNSTopic: topic });
    });

    it('again, and in the place of the one before', async () => {
      const vault = await firn.client.freshVault();
      const other = 'arn:aws:sns:us-west-2:111122223333:other';
      const first = { SNSTopic: TOPIC, Events: BOTH };
      const second = { SNSTopic: other, Events: ['InventoryRetrievalCompleted'] };
      for (const one of [first, first, second, second]) {
        checkNoContent(await setNotifications(vault, one));
      }
      checkJson(await getNotifications(vault), {
        Events: ['InventoryRetrievalCompleted'],
        SNSTopic: other,
      });
    });

    it('only for the vault that is named', async () => {
      const [one, two] = [await firn.client.freshVault(), await firn.client.freshVault()];
      checkNoContent(await setNotifications(one, { SNSTopic: TOPIC, Events: BOTH }));
      checkJson(await getNotifications(one), { Events: BOTH, SNSTopic: TOPIC });
      checkNone(await getNotifications(two), two);
    });

    it('with the account written out, unknown fields and any content type', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const target = `/${server.accountId}/vaults/${vault}/notification-configuration`;
      const reply = await client.request('PUT', target, {
        body: JSON.stringify({ Colour: ['red'], events: 5, SNSTopic: TOPIC, Events: BOTH }),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
      checkNoContent(reply);
      checkJson(await getNotifications(vault), { Events: BOTH, SNSTopic: TOPIC });
    });
  });
});

describe.skipIf(isRemote)('SetVaultNotifications', () => {
  it.each([
    ['a restart', (): Promise<unknown> => firn.server.stop()],
    ['a kill', (): Promise<unknown> => firn.server.kill()],
    [
      'the loss of the view',
      async (): Promise<void> => {
        await firn.server.stop();
        rmSync(join(firn.server.dataDirectory, 'view.sqlite'));
      },
    ],
  ])('lasts over %s', async (_, end) => {
    const vault = await firn.client.freshVault();
    const Events = [...BOTH].reverse();
    const other = 'arn:aws:sns:us-west-2:111122223333:other';
    checkNoContent(await setNotifications(vault, { SNSTopic: other, Events: BOTH }));
    checkNoContent(await setNotifications(vault, { SNSTopic: TOPIC, Events }));
    await end();
    await firn.server.restart();
    checkJson(await getNotifications(vault), { Events, SNSTopic: TOPIC });
  });
});
