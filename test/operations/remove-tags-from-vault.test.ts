import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const MISSING = 'Required parameter missing: TagKeys';
const ASTRAL = '𠮷';

function postText(vault: string, body: string) {
  return firn.client.request('POST', `/-/vaults/${vault}/tags?operation=remove`, { body });
}

function removeTags(vault: string, tagKeys: unknown) {
  return postText(vault, JSON.stringify({ TagKeys: tagKeys }));
}

function listTags(vault: string) {
  return firn.client.request('GET', `/-/vaults/${vault}/tags`);
}

/** A fresh vault with tags, given as JSON. */
async function taggedVault(tags = '{"k":"v"}'): Promise<string> {
  const vault = await firn.client.freshVault();
  const body = `{"Tags":${tags}}`;
  await firn.client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=add`, { body });
  return vault;
}

describe('RemoveTagsFromVault', () => {
  describe('malformed', () => {
    it.each([
      '',
      '{}',
      '{"TagKeys":null}',
      '{"tagKeys":["k"]}',
      '{"TagsKeys":["k"]}',
      '{"Tags":{"k":"v"}}',
      '{"__proto__":{"TagKeys":["k"]}}',
    ])('refuses missing keys: "%s"', async (body) => {
      const vault = await taggedVault();
      checkError(await postText(vault, body), 'MissingParameterValueException', MISSING);
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });

    it.each([
      '{',
      'nonsense',
      '["k"',
      '{"TagKeys":["k",]}',
      'null',
      '["k"]',
      '"k"',
      '12',
      'true',
      '{"TagKeys":"k"}',
      '{"TagKeys":{"k":"v"}}',
      '{"TagKeys":{}}',
      '{"TagKeys":5}',
      '{"TagKeys":["k",5]}',
      '{"TagKeys":[12345678901234567890]}',
      '{"TagKeys":["k",null]}',
      '{"TagKeys":[["k"]]}',
      '{"TagKeys":[{"Key":"k"}]}',
    ])('refuses what is no JSON or of wrong types: %s', async (body) => {
      const vault = await taggedVault();
      checkError(await postText(vault, body), 'SerializationException', /^Invalid JSON: /);
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });

    it('refuses an empty list', async () => {
      const message = 'Invalid TagKeys: 1 to 10 are allowed, not 0';
      const reply = await removeTags(await taggedVault(), []);
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each([
      ['different', Array.from({ length: 11 }, (_, i) => `k${i}`)],
      ['equal', Array.from({ length: 11 }, () => 'k')],
    ])('refuses 11 %s keys', async (_, keys) => {
      const vault = await taggedVault();
      const message = 'Invalid TagKeys: 1 to 10 are allowed, not 11';
      checkError(await removeTags(vault, keys), 'InvalidParameterValueException', message);
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });

    it.each(['aws:k', 'aws:', 'AWS:k', 'aWs:k'])(
      'refuses %s, and removes nothing then',
      async (key) => {
        const vault = await taggedVault();
        const reply = await removeTags(vault, ['k', key]);
        checkError(reply, 'InvalidParameterValueException', `Invalid tag key: ${key}`);
        checkJson(await listTags(vault), { Tags: { k: 'v' } });
      },
    );

    it.each([
      ['that is empty', ''],
      ['of 129 characters', 'k'.repeat(129)],
      ['of 129 characters beyond the basic plane', ASTRAL.repeat(129)],
      ['with a question mark', 'a?'],
      ['with a line break', 'a\n'],
      ['with half a character', '\ud842'],
    ])('refuses a key %s', async (_, key) => {
      const reply = await removeTags(await taggedVault(), [key]);
      checkError(reply, 'InvalidParameterValueException', `Invalid tag key: ${key}`);
    });

    it.each(['?operation=Remove', '?operation=delete', '?operation=remove%20'])(
      'knows no other operation: %s',
      async (query) => {
        const vault = await taggedVault();
        const body = '{"TagKeys":["k"]}';
        const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags${query}`, {
          body,
        });
        checkError(reply, 'BadRequest', `There is no operation POST /-/vaults/${vault}/tags`);
        checkJson(await listTags(vault), { Tags: { k: 'v' } });
      },
    );
  });

  describe('refused', () => {
    it('for a vault that does not exist, before anything about the body', async () => {
      const vault = uniqueName();
      for (const body of ['{"TagKeys":["k"]}', '', '{}', 'nonsense', '{"TagKeys":[]}']) {
        checkNoVault(await postText(vault, body), firn.client, vault);
      }
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await removeTags('my%20vault', ['k']);
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it('for another account', async () => {
      const vault = await taggedVault();
      const target = `/999999999999/vaults/${vault}/tags?operation=remove`;
      const reply = await firn.client.request('POST', target, { body: '{"TagKeys":["k"]}' });
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });

    it('for an unsigned request', async () => {
      const vault = await taggedVault();
      const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags?operation=remove`, {
        body: '{"TagKeys":["k"]}',
        signing: 'none',
      });
      checkError(reply, 'MissingAuthenticationTokenException');
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });
  });

  describe('works', () => {
    it('and keeps the others', async () => {
      const vault = await taggedVault('{"LegalHold":"false","a":"","owner":"archive team"}');
      checkNoContent(await removeTags(vault, ['owner', 'a']));
      checkJson(await listTags(vault), { Tags: { LegalHold: 'false' } });
    });

    it('again, for keys that are not there, and for a vault without tags', async () => {
      const vault = await taggedVault('{"k":"v","l":"w"}');
      for (let i = 0; i < 3; i += 1) checkNoContent(await removeTags(vault, ['k', 'other']));
      checkJson(await listTags(vault), { Tags: { l: 'w' } });
      checkNoContent(await removeTags(await firn.client.freshVault(), ['k']));
    });

    it('for keys in exactly this case', async () => {
      const vault = await taggedVault('{"K":"1","k":"2"}');
      checkNoContent(await removeTags(vault, ['k']));
      checkJson(await listTags(vault), { Tags: { K: '1' } });
    });

    it('with ten keys, also equal ones', async () => {
      const vault = await taggedVault('{"a":"1","b":"2","c":"3"}');
      checkNoContent(await removeTags(vault, ['a', 'a', 'b', 'b', 'a', 'd', 'e', 'f', 'g', 'h']));
      checkJson(await listTags(vault), { Tags: { c: '3' } });
    });

    it.each([
      '__proto__',
      'constructor',
      '12345678901234567890',
      ' ',
      'größe',
      ASTRAL.repeat(128),
      'my aws:k',
    ])('for the key %s', async (key) => {
      const vault = await taggedVault(`{${JSON.stringify(key)}:"1","k":"2"}`);
      checkNoContent(await removeTags(vault, [key]));
      checkJson(await listTags(vault), { Tags: { k: '2' } });
    });

    it('only in the vault that is named', async () => {
      const [one, two] = [await taggedVault(), await taggedVault()];
      checkNoContent(await removeTags(one, ['k']));
      checkJson(await listTags(one), { Tags: {} });
      checkJson(await listTags(two), { Tags: { k: 'v' } });
    });

    it('with fields that are unknown', async () => {
      const vault = await taggedVault();
      checkNoContent(await postText(vault, '{"Tags":5,"TagKeys":["k"],"tagKeys":null}'));
      checkJson(await listTags(vault), { Tags: {} });
    });

    it('at the same time', async () => {
      const vault = await taggedVault('{"a":"1","b":"2","c":"3","d":"4"}');
      const replies = await Promise.all(
        ['a', 'b', 'c', 'a'].map((key) => removeTags(vault, [key])),
      );
      expect(replies.map((reply) => reply.status)).toEqual([204, 204, 204, 204]);
      checkJson(await listTags(vault), { Tags: { d: '4' } });
    });
  });
});

describe.skipIf(isRemote)('RemoveTagsFromVault', () => {
  it('lasts over a kill and a restart', async () => {
    const vault = await taggedVault('{"__proto__":"1","a":"2","b":"3"}');
    checkNoContent(await removeTags(vault, ['__proto__', 'a']));
    await firn.server.kill();
    await firn.server.restart();
    checkJson(await listTags(vault), { Tags: { b: '3' } });
    await firn.server.restart();
    checkJson(await listTags(vault), { Tags: { b: '3' } });
  });
});
