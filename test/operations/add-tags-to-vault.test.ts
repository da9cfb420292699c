import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const MISSING = 'Required parameter missing: Tags';
const TOO_MANY = 'The maximum number of 50 tags for this vault would be exceeded.';
/** One character, two halves in UTF-16, four bytes in UTF-8. */
const ASTRAL = '𠮷';
/** A text with each sign of ASCII that tags may not have. */
const forbidden: readonly (readonly [string, string])[] = Array.from(
  '!"#$%&\'()*,;<>?[\\]^`{|}~',
  (sign) => [`with ${sign}`, `a${sign}b`],
);

type Tags = Record<string, string>;

/** Sends a body as it stands. */
function postText(vault: string, body: string) {
  return firn.client.request('POST', `/-/vaults/${vault}/tags?operation=add`, { body });
}

function addTags(vault: string, tags: unknown) {
  return postText(vault, JSON.stringify({ Tags: tags }));
}

function listTags(vault: string) {
  return firn.client.request('GET', `/-/vaults/${vault}/tags`);
}

/** So many tags, beginning with the number given. */
function numbered(count: number, first = 10, value = 'v'): Tags {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${first + i}`, value]));
}

/** A fresh vault with 50 tags, `k10` to `k59`. */
async function fullVault(): Promise<string> {
  const vault = await firn.client.freshVault();
  for (let first = 10; first < 60; first += 10) {
    checkNoContent(await addTags(vault, numbered(10, first)));
  }
  return vault;
}

describe('AddTagsToVault', () => {
  describe('malformed', () => {
    it.each(['', '{}', '{"Tags":null}', '{"tags":{"k":"v"}}', '{"k":"v"}', '{"TagKeys":["k"]}'])(
      'refuses missing tags: "%s"',
      async (body) => {
        const vault = await firn.client.freshVault();
        checkError(await postText(vault, body), 'MissingParameterValueException', MISSING);
      },
    );

    it('finds no Tags behind __proto__', async () => {
      const vault = await firn.client.freshVault();
      const reply = await postText(vault, '{"__proto__":{"Tags":{"k":"v"}}}');
      checkError(reply, 'MissingParameterValueException', MISSING);
    });

    it.each([
      '{',
      'nonsense',
      '{"Tags":{"k":"v"}',
      '{"Tags":{"k":"v"},}',
      '{"Tags":{"k":"v"}} x',
      '{"Tags":{k:"v"}}',
      '{"Tags":{12345678901234567890:"v"}}',
      '{"Tags":{"k":"v"},"n":00000000000000001}',
    ])('refuses %s, which is no JSON', async (body) => {
      const vault = await firn.client.freshVault();
      checkError(await postText(vault, body), 'SerializationException', /^Invalid JSON: /);
      checkJson(await listTags(vault), { Tags: {} });
    });

    it('refuses JSON that is not UTF-8', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags?operation=add`, {
        body: Buffer.from('{"Tags":{"caf\xe9":"v"}}', 'latin1'),
      });
      checkError(reply, 'SerializationException', /^Invalid JSON: /);
    });

    it.each([
      'null',
      '[]',
      '"Tags"',
      '12',
      'true',
      '{"Tags":"k=v"}',
      '{"Tags":5}',
      '{"Tags":false}',
      '{"Tags":["k","v"]}',
      '{"Tags":[]}',
      '{"Tags":{"k":5}}',
      '{"Tags":{"k":12345678901234567890}}',
      '{"Tags":{"k":true}}',
      '{"Tags":{"k":["v"]}}',
      '{"Tags":{"k":{"v":"w"}}}',
      '{"Tags":{"k":null}}',
      '{"Tags":{"__proto__":{"k":"v"}}}',
      '{"Tags":{"__proto__":null}}',
    ])('refuses wrong types: %s', async (body) => {
      const vault = await firn.client.freshVault();
      checkError(await postText(vault, body), 'SerializationException', /^Invalid JSON: /);
      checkJson(await listTags(vault), { Tags: {} });
    });

    it('refuses empty Tags', async () => {
      const vault = await firn.client.freshVault();
      const message = 'Invalid Tags: 1 to 10 are allowed, not 0';
      checkError(await addTags(vault, {}), 'InvalidParameterValueException', message);
    });

    it('refuses 11 tags at once, also where they are there already', async () => {
      const vault = await fullVault();
      const message = 'Invalid Tags: 1 to 10 are allowed, not 11';
      checkError(await addTags(vault, numbered(11)), 'InvalidParameterValueException', message);
    });

    it.each<readonly [string, string]>([
      ['empty', ''],
      ['of 129 characters', 'k'.repeat(129)],
      ['of 129 characters beyond the basic plane', ASTRAL.repeat(129)],
      ['that begins with aws:', 'aws:k'],
      ['that is aws:', 'aws:'],
      ['that begins with AWS:', 'AWS:k'],
      ['that begins with aWs:', 'aWs:createdBy'],
      ['with a line break', 'a\nb'],
      ['with a line break at its end', 'a\n'],
      ['with a tab', 'a\tb'],
      ['with a zero', 'a\u0000'],
      ['with half a character', 'a\ud842'],
      ...forbidden,
      ['with a picture', 'a🙂'],
    ])('refuses a key %s', async (_, key) => {
      const vault = await firn.client.freshVault();
      const reply = await addTags(vault, { [key]: 'v' });
      checkError(reply, 'InvalidParameterValueException', `Invalid tag key: ${key}`);
    });

    it.each<readonly [string, string]>([
      ['of 256 characters', 'v'.repeat(256)],
      ['of 256 characters beyond the basic plane', ASTRAL.repeat(256)],
      ['with a line break', 'a\nb'],
      ['with a line break at its end', 'a\n'],
      ['with a zero', '\u0000'],
      ['with half a character', '\udfb7'],
      ...forbidden,
    ])('refuses a value %s', async (_, value) => {
      const vault = await firn.client.freshVault();
      const reply = await addTags(vault, { k: value });
      checkError(reply, 'InvalidParameterValueException', `Invalid tag value: ${value}`);
    });

    it.each(['', '?operation=', '?operation=replace', '?operation=ADD', '?Operation=add'])(
      'knows no other operation: "%s"',
      async (query) => {
        const vault = await firn.client.freshVault();
        const body = '{"Tags":{"k":"v"}}';
        const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags${query}`, {
          body,
        });
        checkError(reply, 'BadRequest', `There is no operation POST /-/vaults/${vault}/tags`);
      },
    );
  });

  describe('refused', () => {
    it('for a vault that does not exist, before anything about the body', async () => {
      const vault = uniqueName();
      for (const body of ['{"Tags":{"k":"v"}}', '', '{}', 'nonsense', '{"Tags":{"aws:":""}}']) {
        checkNoVault(await postText(vault, body), firn.client, vault);
      }
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await postText('my%20vault', '{"Tags":{"k":"v"}}');
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const target = `/999999999999/vaults/${vault}/tags?operation=add`;
      const reply = await firn.client.request('POST', target, { body: '{"Tags":{"k":"v"}}' });
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      checkJson(await listTags(vault), { Tags: {} });
    });

    it('for an unsigned request', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags?operation=add`, {
        body: '{"Tags":{"k":"v"}}',
        signing: 'none',
      });
      checkError(reply, 'MissingAuthenticationTokenException');
      checkJson(await listTags(vault), { Tags: {} });
    });

    it('for the 51st tag', async () => {
      const vault = await fullVault();
      checkError(await addTags(vault, { more: 'v' }), 'LimitExceededException', TOO_MANY);
      checkJson(await listTags(vault), { Tags: numbered(50) });
    });

    it('for the 51st tag among others that would overwrite, which stay as they were', async () => {
      const vault = await fullVault();
      const tags = { ...numbered(9, 10, 'new'), more: 'v' };
      checkError(await addTags(vault, tags), 'LimitExceededException', TOO_MANY);
      checkJson(await listTags(vault), { Tags: numbered(50) });
    });

    it.each([
      ['a bad key', { good: 'v', 'b?d': 'v' }],
      ['a bad value', { good: 'v', bad: '?' }],
      ['an aws: key', { good: 'v', 'aws:bad': 'v' }],
    ])('as a whole for %s', async (_, tags) => {
      const vault = await firn.client.freshVault();
      checkError(await addTags(vault, tags), 'InvalidParameterValueException');
      checkJson(await listTags(vault), { Tags: {} });
    });

    it('for what is malformed before the limit', async () => {
      const vault = await fullVault();
      const message = 'Invalid tag key: a?';
      checkError(await addTags(vault, { 'a?': 'v' }), 'InvalidParameterValueException', message);
    });
  });

  describe('works', () => {
    it('and answers 204', async () => {
      const vault = await firn.client.freshVault();
      checkNoContent(await addTags(vault, { owner: 'archive team', LegalHold: 'false' }));
      checkJson(await listTags(vault), { Tags: { LegalHold: 'false', owner: 'archive team' } });
    });

    it('with the account written out', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const target = `/${server.accountId}/vaults/${vault}/tags?operation=add`;
      checkNoContent(await client.request('POST', target, { body: '{"Tags":{"k":"v"}}' }));
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });

    it('with further query parameters and fields, which are ignored', async () => {
      const vault = await firn.client.freshVault();
      const target = `/-/vaults/${vault}/tags?colour=red&operation=add&limit=`;
      const body = '{"Colour":5,"TagKeys":null,"Tags":{"k":"v"},"n":-1.5e300}';
      checkNoContent(await firn.client.request('POST', target, { body }));
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });

    it.each(['0.12345678901234567', '-12345678901234567.5e-3', '123456789012345678901234'])(
      'with the number %s in a field that is ignored',
      async (number) => {
        const vault = await firn.client.freshVault();
        checkNoContent(await postText(vault, `{"Colour":${number},"Tags":{"k":"v"}}`));
        checkJson(await listTags(vault), { Tags: { k: 'v' } });
      },
    );

    it('with ten tags, beside those that are there', async () => {
      const vault = await firn.client.freshVault();
      checkNoContent(await addTags(vault, numbered(10, 20)));
      checkNoContent(await addTags(vault, numbered(10, 10)));
      checkJson(await listTags(vault), { Tags: numbered(20, 10) });
    });

    it('again with the same tags', async () => {
      const vault = await firn.client.freshVault();
      for (let i = 0; i < 3; i += 1) checkNoContent(await addTags(vault, { k: 'v', l: '' }));
      checkJson(await listTags(vault), { Tags: { k: 'v', l: '' } });
    });

    it('with a key that is there, which gets the new value', async () => {
      const vault = await firn.client.freshVault();
      checkNoContent(await addTags(vault, { a: 'old', b: 'old' }));
      checkNoContent(await addTags(vault, { b: 'new', c: 'new' }));
      checkJson(await listTags(vault), { Tags: { a: 'old', b: 'new', c: 'new' } });
    });

    it('with keys of 50, all of which are overwritten', async () => {
      const vault = await fullVault();
      checkNoContent(await addTags(vault, numbered(10, 50, 'new')));
      const tags = { ...numbered(40), ...numbered(10, 50, 'new') };
      checkJson(await listTags(vault), { Tags: tags });
    });

    it('with the 50th and an overwritten one, and again after one was removed', async () => {
      const { client } = firn;
      const vault = await fullVault();
      const remove = `/-/vaults/${vault}/tags?operation=remove`;
      const body = '{"TagKeys":["k59"]}';
      for (const value of ['first', 'second']) {
        checkNoContent(await client.request('POST', remove, { body }));
        checkNoContent(await addTags(vault, { k10: value, k59: value }));
      }
      const tags = { k10: 'second', ...numbered(48, 11), k59: 'second' };
      checkJson(await listTags(vault), { Tags: tags });
    });

    it('at the same time, up to 50 tags', async () => {
      const vault = await firn.client.freshVault();
      const replies = await Promise.all(
        [10, 20, 30, 40, 50, 60, 70].map((first) => addTags(vault, numbered(10, first))),
      );
      const statuses = replies.map((reply) => reply.status);
      expect(statuses.filter((status) => status === 204)).toHaveLength(5);
      for (const reply of replies.filter(({ status }) => status !== 204)) {
        checkError(reply, 'LimitExceededException', TOO_MANY);
      }
      const { Tags } = (await listTags(vault)).json() as { Tags: Tags };
      expect(Object.keys(Tags)).toHaveLength(50);
    });

    it.each([
      ['one character', 'k'],
      ['128 characters', 'k'.repeat(128)],
      ['128 characters of two bytes', 'é'.repeat(128)],
      ['128 characters beyond the basic plane', ASTRAL.repeat(128)],
      ['every sign that is allowed', ' _./=+-@:'],
      ['letters and digits of many scripts', 'größe размер 大きさ حجم ٣ Ⅷ ½'],
      ['a space that is none of ASCII', 'a\u00a0b\u3000c'],
      ['nothing but a space', ' '],
      ['aws without a colon', 'aws'],
      ['aws: further on', 'my aws:k'],
      ['aws- before the colon', 'aws-x:k'],
      ['only digits', '12345678901234567890'],
      ['the name of a field', 'Tags'],
      ['the name __proto__', '__proto__'],
      ['the name constructor', 'constructor'],
      ['the name hasOwnProperty', 'hasOwnProperty'],
    ])('with a key of %s', async (_, key) => {
      const vault = await firn.client.freshVault();
      const text = `{"Tags":{${JSON.stringify(key)}:"v"}}`;
      checkNoContent(await postText(vault, text));
      checkJson(await listTags(vault), JSON.parse(text));
    });

    it.each([
      ['no character', ''],
      ['255 characters', 'v'.repeat(255)],
      ['255 characters beyond the basic plane', ASTRAL.repeat(255)],
      ['every sign that is allowed', ' _./=+-@:'],
      ['only digits', '12345678901234567890'],
      ['aws: at its begin', 'aws:v'],
      ['spaces at both ends', '  v  '],
      ['the name __proto__', '__proto__'],
    ])('with a value of %s', async (_, value) => {
      const vault = await firn.client.freshVault();
      checkNoContent(await addTags(vault, { k: value }));
      checkJson(await listTags(vault), { Tags: { k: value } });
    });

    it('with __proto__ among others, overwritten like any', async () => {
      const vault = await firn.client.freshVault();
      checkNoContent(await postText(vault, '{"Tags":{"a":"1","__proto__":"old"}}'));
      checkNoContent(await postText(vault, '{"Tags":{"__proto__":"new","b":"2"}}'));
      checkJson(await listTags(vault), JSON.parse('{"Tags":{"__proto__":"new","a":"1","b":"2"}}'));
    });

    it('with keys that differ in case or only in how they are encoded', async () => {
      const vault = await firn.client.freshVault();
      const tags = { Owner: '1', owner: '2', '\u00c5': '3', '\u212b': '4' };
      checkNoContent(await addTags(vault, tags));
      checkJson(await listTags(vault), { Tags: tags });
    });

    it('with escapes, white space and any content type', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags?operation=add`, {
        body: ' \r\n\t{ "T\\u0061gs" : { "\\ud842\\udfb7" : "\\u002b" } }\n',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
      });
      checkNoContent(reply);
      checkJson(await listTags(vault), { Tags: { [ASTRAL]: '+' } });
    });

    it('with a chunked body', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags?operation=add`, {
        body: '{"Tags":{"k":"v"}}',
        headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      });
      checkNoContent(reply);
      checkJson(await listTags(vault), { Tags: { k: 'v' } });
    });
  });
});

describe.skipIf(isRemote)('AddTagsToVault', () => {
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
    const text = `{"Tags":{"__proto__":"p","a":"","b":"new","${ASTRAL.repeat(128)}":"+"}}`;
    checkNoContent(await postText(vault, '{"Tags":{"b":"old"}}'));
    checkNoContent(await postText(vault, text));
    await end();
    await firn.server.restart();
    checkJson(await listTags(vault), JSON.parse(text));
  });
});
