/** Tags of a vault: what they may look like. */
import { invalidParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';

/** Letters, digits, spaces and `_ . : / = + - @` of any script (documented; `:` by AWS's general rule). */
const tagText = /^[\p{L}\p{N}\p{Zs}_.:/=+\-@]*$/u;

export type Tags = Readonly<Record<string, string>>;

/** @throws GlacierError when there are none or too many, or one breaks the rules */
export function checkTags(tags: Tags): void {
  checkCount(Object.keys(tags).length, 'Tags');
  for (const [key, value] of Object.entries(tags)) {
    checkTagKey(key);
    if (!isTagText(value, limits.tagValueCharacters)) {
      throw invalidParameter(`Invalid tag value: ${value}`);
    }
  }
}

/** @throws GlacierError when there are none or too many, or one breaks the rules */
export function checkTagKeys(tagKeys: readonly string[]): void {
  checkCount(tagKeys.length, 'TagKeys');
  for (const key of tagKeys) checkTagKey(key);
}

function checkCount(count: number, name: string): void {
  if (count < 1 || count > limits.tagsPerRequest) {
    throw invalidParameter(
      `Invalid ${name}: 1 to ${limits.tagsPerRequest} are allowed, not ${count}`,
    );
  }
}

function checkTagKey(key: string): void {
  const isReserved = key.toLowerCase().startsWith('aws:');
  if (key === '' || isReserved || !isTagText(key, limits.tagKeyCharacters)) {
    throw invalidParameter(`Invalid tag key: ${key}`);
  }
}

/** Counted in characters, not in bytes or in halves of characters. */
function isTagText(text: string, mostCharacters: number): boolean {
  return tagText.test(text) && Array.from(text).length <= mostCharacters;
}
