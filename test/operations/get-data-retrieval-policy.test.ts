/** The policy is the account's: this file has a server of its own, with none set at first. */
import { describe, it } from 'vitest';
import { checkError, checkJson, checkNoContent } from '../support/check.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const PATH = '/-/policies/data-retrieval';
const none = { Policy: { Rules: [{ Strategy: 'None' }] } };

describe.skipIf(isRemote)('GetDataRetrievalPolicy', () => {
  describe('malformed', () => {
    it.each([
      ['POST', PATH],
      ['DELETE', PATH],
      ['GET', '/-/policies'],
      ['GET', '/-/policies/'],
      ['GET', '/-/policies/retrieval-limit-policy'],
      ['GET', `${PATH}/`],
      ['GET', '/-/policies/Data-Retrieval'],
    ])('knows no %s %s', async (method, target) => {
      const reply = await firn.client.request(method, target);
      checkError(reply, 'BadRequest', `There is no operation ${method} ${target}`);
    });

    it('refuses a request without the version', async () => {
      const headers = { 'x-amz-glacier-version': undefined };
      const reply = await firn.client.request('GET', PATH, { headers });
      const message = 'Required parameter missing: API version';
      checkError(reply, 'MissingParameterValueException', message);
    });
  });

  describe('refused', () => {
    it.each(['999999999999', '1111-2222-3333', 'abc'])('for the account %s', async (account) => {
      const reply = await firn.client.request('GET', `/${account}/policies/data-retrieval`);
      checkError(reply, 'AccessDeniedException', `Access denied for account ID: ${account}`);
    });

    it('for an unsigned request', async () => {
      const reply = await firn.client.request('GET', PATH, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
    });
  });

  describe('works', () => {
    it('where none was ever set: None, without BytesPerHour', async () => {
      checkJson(await firn.client.request('GET', PATH), none);
      await firn.server.restart();
      checkJson(await firn.client.request('GET', PATH), none);
    });

    it('with the account written out, whatever the query', async () => {
      const { client, server } = firn;
      const target = `/${server.accountId}/policies/data-retrieval?limit=0&marker=x`;
      checkJson(await client.request('GET', target), none);
    });

    it.each([
      [{ BytesPerHour: 10_737_418_240, Strategy: 'BytesPerHour' }],
      [{ Strategy: 'FreeTier' }],
      [{ Strategy: 'None' }],
    ])('for what was set last, at once: %j', async (rule) => {
      const policy = { Policy: { Rules: [rule] } };
      const body = JSON.stringify(policy);
      checkNoContent(await firn.client.request('PUT', PATH, { body }));
      checkJson(await firn.client.request('GET', PATH), policy);
    });
  });
});
