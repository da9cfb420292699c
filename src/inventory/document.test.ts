import { describe, expect, it } from 'vitest';
import { type InventoryItem, inventoryWriter } from './document.ts';

const head = {
  vaultArn: 'arn:aws:glacier:ap-northeast-1:123456789012:vaults/examplevault',
  inventoryDate: Date.parse('2021-10-14T06:16:08.999Z'),
};
const item: InventoryItem = {
  ArchiveId: 'A'.repeat(138),
  ArchiveDescription: '',
  CreationDate: '2021-10-14T01:31:13Z',
  Size: 5,
  SHA256TreeHash: 'a'.repeat(64),
};

function render(format: string, items: readonly InventoryItem[]): string {
  const writer = inventoryWriter(format);
  return (
    writer.head(head) + items.map((one) => writer.item(one)).join(writer.separator) + writer.tail
  );
}

describe('an inventory as JSON', () => {
  it('has the 443 bytes of a real one', () => {
    expect(Buffer.byteLength(render('JSON', [item]))).toBe(443);
  });

  it('is one line with its keys in the order of the original', () => {
    expect(render('JSON', [item, { ...item, ArchiveDescription: 'a "b" \\c' }])).toBe(
      `{"VaultARN":"${head.vaultArn}","InventoryDate":"2021-10-14T06:16:08Z","ArchiveList":[` +
        `{"ArchiveId":"${item.ArchiveId}","ArchiveDescription":"","CreationDate":"2021-10-14T01:31:13Z","Size":5,"SHA256TreeHash":"${item.SHA256TreeHash}"},` +
        `{"ArchiveId":"${item.ArchiveId}","ArchiveDescription":"a \\"b\\" \\\\c","CreationDate":"2021-10-14T01:31:13Z","Size":5,"SHA256TreeHash":"${item.SHA256TreeHash}"}]}`,
    );
  });

  it('of an empty vault has an empty list', () => {
    expect(render('JSON', [])).toMatch(/"ArchiveList":\[\]\}$/);
  });
});

describe('an inventory as CSV', () => {
  const columns = 'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n';

  it.each([
    ['', '""'],
    ['plain', '"plain"'],
    ['a,1"2', '"a,1\\"2"'],
    ['a\\b', '"a\\b"'],
    ['a\\"', '"a\\\\""'],
  ])('writes the description %j as %s', (ArchiveDescription, written) => {
    expect(render('CSV', [{ ...item, ArchiveDescription }])).toBe(
      `${columns}${item.ArchiveId},${written},2021-10-14T01:31:13Z,5,${item.SHA256TreeHash}\n`,
    );
  });

  it('of an empty vault is its first line', () => {
    expect(render('CSV', [])).toBe(columns);
  });
});
