/** Requests to try a lock policy with, made from what the policy speaks of. */
import type { OperationName } from '../api/operations.ts';
import type { Policy } from '../policies/policy-document.ts';
import type { JsonValue } from '../policies/strict-json.ts';

export interface SampleRequest {
  readonly action: OperationName;
  /** Undefined where the action is not about an archive, or the policy asks for no age. */
  readonly archiveAgeInDays: number | undefined;
}

const ageKey = 'glacier:archiveageindays';
const ageActions: readonly OperationName[] = ['DeleteArchive', 'InitiateJob'];
/** What somebody who locks a vault wants to know, whatever the policy says. */
const usualActions: readonly OperationName[] = [
  'DeleteArchive',
  'DeleteVault',
  'UploadArchive',
  'InitiateJob',
  'GetJobOutput',
  'SetVaultAccessPolicy',
  'AddTagsToVault',
];

/** The usual actions and those the policy denies; ages around each that it names. */
export function sampleRequests(policy: Policy<'vault'>): SampleRequest[] {
  const denied = policy.statements
    .filter(({ effect }) => effect === 'Deny')
    .flatMap(({ actions }) => [...actions]);
  const actions = [...new Set([...usualActions, ...denied])];
  const ages = agesAround(policy.document);
  return actions.flatMap((action): SampleRequest[] =>
    ageActions.includes(action)
      ? ages.map((archiveAgeInDays) => ({ action, archiveAgeInDays }))
      : [{ action, archiveAgeInDays: undefined }],
  );
}

/** The day before, the day itself and the day after each age that conditions name; and no age at all. */
function agesAround(document: JsonValue): number[] {
  const named = [...agesIn(document)].flatMap((age) => [age - 1, age, age + 1]);
  return [...new Set([0, ...named])].filter((age) => age >= 0).sort((a, b) => a - b);
}

function* agesIn(value: JsonValue): Generator<number> {
  if (Array.isArray(value)) for (const part of value) yield* agesIn(part);
  if (!(value instanceof Map)) return;
  for (const [key, part] of value) {
    if (key.toLowerCase() !== ageKey) yield* agesIn(part);
    else yield* [part].flat().map(ageOf).filter(Number.isSafeInteger);
  }
}

/** Of a text or a number; NaN for what is neither. */
function ageOf(value: JsonValue): number {
  if (typeof value === 'string') return Number(value);
  return typeof value === 'object' && value !== null && 'numberText' in value
    ? Number(value.numberText)
    : Number.NaN;
}
