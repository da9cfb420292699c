import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RecordedEntry } from './entries.ts';
import { firstPrevious, readLine, writeLine } from './journal-line.ts';

const entry: RecordedEntry = {
  sequence: 7,
  time: Date.UTC(2026, 0, 5, 8, 15, 30, 123),
  lockTime: Date.UTC(2026, 0, 5, 8, 15, 30, 120),
  accountId: '123456789012',
  principalArn: 'arn:aws:iam::123456789012:user/test',
  requestId: 'request-1',
  kind: 'TagsAdded',
  data: { vaultName: 'one', tags: { 'a "b"': 'ä\n\\🗄', hash: '"hash":"' } },
};

describe('A line of the journal', () => {
  it('is one JSON object that ends with the hashes', () => {
    const { text, hash } = writeLine(entry, firstPrevious);
    expect(text.indexOf('\n')).toBe(text.length - 1);
    const line = JSON.parse(text);
    expect(Object.keys(line).join(' ')).toBe(
      'sequence time lockTime account principal requestId kind data previous hash',
    );
    expect(line).toMatchObject({ time: '2026-01-05T08:15:30.123Z', data: entry.data, hash });
    expect(line.previous).toBe('0'.repeat(64));
  });

  it('has the SHA-256 of itself without its hash', () => {
    const { text, hash } = writeLine(entry, firstPrevious);
    const body = text.trimEnd().replace(/,"hash":"[0-9a-f]{64}"\}$/, '}');
    expect(createHash('sha256').update(body).digest('hex')).toBe(hash);
  });

  it('is read as it was written', () => {
    const previous = writeLine(entry, firstPrevious).hash;
    const { text, hash } = writeLine(entry, previous);
    expect(readLine(text.slice(0, -1))).toEqual({ entry, previous, hash });
  });

  it('is none with any character changed, missing or added', () => {
    const text = writeLine(entry, firstPrevious).text.slice(0, -1);
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === '0' ? '1' : '0';
      const rest = text.slice(at + 1);
      const changed = [other + rest, rest, `0${text[at]}${rest}`];
      for (const end of changed) {
        expect(readLine(text.slice(0, at) + end), `character ${at}`).toBeUndefined();
      }
    }
  });

  it('is none when it is something else', () => {
    for (const text of ['', '{}', 'null', '\0'.repeat(500), '{"hash":""}', 'x'.repeat(75)]) {
      expect(readLine(text)).toBeUndefined();
    }
  });
});
