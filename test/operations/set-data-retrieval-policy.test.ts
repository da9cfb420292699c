/** The policy is the account's: this file has a server of its own; its tests share the state. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCommon, checkError, checkJson, checkNoContent } from '../support/check.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const PATH = '/-/policies/data-retrieval';
const LARGEST = '9223372036854775807';

function putText(body: string) {
  return firn.client.request('PUT', PATH, { body });
}

function setRules(...rules: unknown[]) {
  return putText(JSON.stringify({ Policy: { Rules: rules } }));
}

/** With digits as they stand, also where they are more than a number holds. */
function setBytesPerHour(digits: string) {
  return putText(`{"Policy":{"Rules":[{"Strategy":"BytesPerHour","BytesPerHour":${digits}}]}}`);
}

function missing(what: string): string {
  return `Required parameter missing: ${what}`;
}

/** Compares the whole answer of GetDataRetrievalPolicy as text. */
async function checkRule(rule: string): Promise<void> {
  const reply = await firn.client.request('GET', PATH);
  const text = `{"Policy":{"Rules":[${rule}]}}`;
  expect({ status: reply.status, text: reply.text }).toEqual({ status: 200, text });
  expect(reply.header('Content-Type')).toBe('application/json');
  expect(reply.header('Content-Length')).toBe(String(text.length));
  checkCommon(reply);
}

/** Sets a policy that no test sets otherwise, and checks at the end that it is still there. */
async function leavesPolicy(act: () => Promise<void>): Promise<void> {
  checkNoContent(await setBytesPerHour('4711'));
  await act();
  await checkRule('{"BytesPerHour":4711,"Strategy":"BytesPerHour"}');
}

describe.skipIf(isRemote)('SetDataRetrievalPolicy', () => {
  describe('malformed', () => {
    it.each([
      ['Policy', ''],
      ['Policy', '{}'],
      ['Policy', '{"Policy":null}'],
      ['Policy', '{"policy":{"Rules":[{"Strategy":"None"}]}}'],
      ['Policy', '{"Rules":[{"Strategy":"None"}]}'],
      ['Policy', '{"__proto__":{"Policy":{"Rules":[{"Strategy":"None"}]}}}'],
      ['Rules', '{"Policy":{}}'],
      ['Rules', '{"Policy":{"Rules":null}}'],
      ['Rules', '{"Policy":{"rules":[{"Strategy":"None"}]}}'],
      ['Strategy', '{"Policy":{"Rules":[{}]}}'],
      ['Strategy', '{"Policy":{"Rules":[{"Strategy":null}]}}'],
      ['Strategy', '{"Policy":{"Rules":[{"Strategy":""}]}}'],
      ['Strategy', '{"Policy":{"Rules":[{"BytesPerHour":1}]}}'],
      ['Strategy', '{"Policy":{"Rules":[{"strategy":"None"}]}}'],
      ['BytesPerHour', '{"Policy":{"Rules":[{"Strategy":"BytesPerHour"}]}}'],
      ['BytesPerHour', '{"Policy":{"Rules":[{"Strategy":"BytesPerHour","BytesPerHour":null}]}}'],
      ['BytesPerHour', '{"Policy":{"Rules":[{"Strategy":"BytesPerHour","bytesPerHour":1}]}}'],
    ])('refuses a missing %s: "%s"', async (what, body) => {
      await leavesPolicy(async () => {
        checkError(await putText(body), 'MissingParameterValueException', missing(what));
      });
    });

    it.each([
      '{',
      'nonsense',
      '{"Policy":{"Rules":[{"Strategy":"None"}]}',
      '{"Policy":{"Rules":[{"Strategy":"None"},]}}',
      'null',
      '[]',
      '"None"',
      '12',
      'true',
      '{"Policy":"None"}',
      '{"Policy":[]}',
      '{"Policy":5}',
      '{"Policy":{"Rules":"None"}}',
      '{"Policy":{"Rules":{"Strategy":"None"}}}',
      '{"Policy":{"Rules":[null]}}',
      '{"Policy":{"Rules":["None"]}}',
      '{"Policy":{"Rules":[[]]}}',
      '{"Policy":{"Rules":[{"Strategy":5}]}}',
      '{"Policy":{"Rules":[{"Strategy":12345678901234567890}]}}',
      '{"Policy":{"Rules":[{"Strategy":["None"]}]}}',
      '{"Policy":{"Rules":[{"Strategy":"BytesPerHour","BytesPerHour":true}]}}',
      '{"Policy":{"Rules":[{"Strategy":"BytesPerHour","BytesPerHour":[1]}]}}',
      '{"Policy":{"Rules":[{"Strategy":"BytesPerHour","BytesPerHour":{}}]}}',
      '{"Policy":{"Rules":[{"Strategy":"BytesPerHour","BytesPerHour":00000000000000001}]}}',
      '{"Policy":{"Rules":[{"Strategy":"BytesPerHour","BytesPerHour":+1}]}}',
    ])('refuses what is no JSON or of wrong types: %s', async (body) => {
      await leavesPolicy(async () => {
        checkError(await putText(body), 'SerializationException', /^Invalid JSON: /);
      });
    });

    it.each([
      [0, []],
      [2, [{ Strategy: 'None' }, { Strategy: 'None' }]],
      [2, [{ Strategy: 'FreeTier' }, { Strategy: 'BytesPerHour', BytesPerHour: 1 }]],
    ])('refuses %d rules: %j', async (count, rules) => {
      await leavesPolicy(async () => {
        const message = `Invalid Rules: exactly one is allowed, not ${count}`;
        checkError(await setRules(...rules), 'InvalidParameterValueException', message);
      });
    });

    it.each(['none', 'Freetier', 'FREETIER', 'bytesPerHour', 'Unlimited', ' None', '__proto__'])(
      'refuses the strategy "%s"',
      async (strategy) => {
        await leavesPolicy(async () => {
          const message = `Invalid Strategy: ${strategy}`;
          const reply = await setRules({ Strategy: strategy });
          checkError(reply, 'InvalidParameterValueException', message);
        });
      },
    );

    it.each([
      '0',
      '-1',
      '1.5',
      '9223372036854775808',
      '9223372036854775817',
      '10000000000000000000',
      '18446744073709551617',
      '-9223372036854775808',
      '123456789012345678901234567890',
    ])('refuses %s bytes per hour', async (digits) => {
      await leavesPolicy(async () => {
        const message = `Invalid BytesPerHour: ${digits}`;
        checkError(await setBytesPerHour(digits), 'InvalidParameterValueException', message);
      });
    });

    it.each(['1e19', '9.3e18', '1e300', '1e-300', '0.12345678901234567', '1.23456789012345678'])(
      'refuses %s bytes per hour',
      async (number) => {
        await leavesPolicy(async () => {
          const reply = await setBytesPerHour(number);
          checkError(reply, 'InvalidParameterValueException', /^Invalid BytesPerHour: /);
        });
      },
    );

    it.each([
      ['None', '1'],
      ['FreeTier', '10737418240'],
      ['FreeTier', '0'],
      ['None', LARGEST],
    ])('refuses %s with BytesPerHour %s', async (strategy, digits) => {
      await leavesPolicy(async () => {
        const rule = `{"Strategy":"${strategy}","BytesPerHour":${digits}}`;
        const message = `Invalid BytesPerHour: not allowed with the strategy ${strategy}`;
        const reply = await putText(`{"Policy":{"Rules":[${rule}]}}`);
        checkError(reply, 'InvalidParameterValueException', message);
      });
    });
  });

  describe('refused', () => {
    it.each(['999999999999', '1111-2222-3333', 'abc'])('for the account %s', async (account) => {
      await leavesPolicy(async () => {
        const reply = await firn.client.request('PUT', `/${account}/policies/data-retrieval`, {
          body: '{"Policy":{"Rules":[{"Strategy":"None"}]}}',
        });
        checkError(reply, 'AccessDeniedException', `Access denied for account ID: ${account}`);
      });
    });

    it('for another account before anything about the body', async () => {
      const target = '/999999999999/policies/data-retrieval';
      const reply = await firn.client.request('PUT', target, { body: 'nonsense' });
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });

    it('for an unsigned request', async () => {
      await leavesPolicy(async () => {
        const body = '{"Policy":{"Rules":[{"Strategy":"None"}]}}';
        const reply = await firn.client.request('PUT', PATH, { body, signing: 'none' });
        checkError(reply, 'MissingAuthenticationTokenException');
      });
    });
  });

  describe('works', () => {
    it.each(['None', 'FreeTier'])('with the strategy %s', async (strategy) => {
      checkNoContent(await setRules({ Strategy: strategy }));
      await checkRule(`{"Strategy":"${strategy}"}`);
    });

    it.each(['None', 'FreeTier'])('with the strategy %s and null', async (strategy) => {
      checkNoContent(await setRules({ Strategy: strategy, BytesPerHour: null }));
      await checkRule(`{"Strategy":"${strategy}"}`);
    });

    it.each([
      '1',
      '10737418240',
      '999999999999999',
      '1000000000000001',
      '9007199254740991',
      '9007199254740992',
      '9007199254740993',
      '9223372036854775806',
      LARGEST,
    ])('with %s bytes per hour, which come back with the same digits', async (digits) => {
      checkNoContent(await setBytesPerHour(digits));
      await checkRule(`{"BytesPerHour":${digits},"Strategy":"BytesPerHour"}`);
    });

    it('again, and in the place of the one before', async () => {
      for (let i = 0; i < 2; i += 1) checkNoContent(await setBytesPerHour('5'));
      await checkRule('{"BytesPerHour":5,"Strategy":"BytesPerHour"}');
      for (let i = 0; i < 2; i += 1) checkNoContent(await setRules({ Strategy: 'FreeTier' }));
      await checkRule('{"Strategy":"FreeTier"}');
      checkNoContent(await setBytesPerHour('6'));
      await checkRule('{"BytesPerHour":6,"Strategy":"BytesPerHour"}');
      checkNoContent(await setRules({ Strategy: 'None' }));
      await checkRule('{"Strategy":"None"}');
    });

    it('with white space, unknown fields, any type and the account written out', async () => {
      const { client, server } = firn;
      const rule = `{ "BytesPerHour" :\n${LARGEST} , "Colour" : -5.25, "Strategy":"BytesPerHour" }`;
      const target = `/${server.accountId}/policies/data-retrieval`;
      const reply = await client.request('PUT', target, {
        body: ` {"Version":1,"Policy": {"Rules" :[${rule}], "x":null}}\r\n`,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
      checkNoContent(reply);
      await checkRule(`{"BytesPerHour":${LARGEST},"Strategy":"BytesPerHour"}`);
    });

    it('with quotes and long digits in texts beside it', async () => {
      const note = JSON.stringify(`a "12345678901234567890" \\" ${LARGEST}`);
      const rule = `{"Strategy":"BytesPerHour","BytesPerHour":${LARGEST}}`;
      checkNoContent(await putText(`{"Note":${note},"Policy":{"Rules":[${rule}]}}`));
      await checkRule(`{"BytesPerHour":${LARGEST},"Strategy":"BytesPerHour"}`);
    });
  });

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
    checkNoContent(await setRules({ Strategy: 'FreeTier' }));
    checkNoContent(await setBytesPerHour(LARGEST));
    await end();
    await firn.server.restart();
    await checkRule(`{"BytesPerHour":${LARGEST},"Strategy":"BytesPerHour"}`);
    checkNoContent(await setRules({ Strategy: 'None' }));
    await firn.server.restart();
    checkJson(await firn.client.request('GET', PATH), {
      Policy: { Rules: [{ Strategy: 'None' }] },
    });
  });
});
