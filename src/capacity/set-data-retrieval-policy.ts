import type { Handler } from '../operation.ts';
import { readDataRetrievalPolicy } from './data-retrieval-policy.ts';

/** In force at once. Jobs that were accepted before are not affected (documented). */
export const setDataRetrievalPolicy: Handler<'SetDataRetrievalPolicy'> = async (
  { parameters },
  call,
) => {
  const policy = readDataRetrievalPolicy(parameters);
  await call.metadata.write(call, async (tx) => {
    await tx.record({ kind: 'DataRetrievalPolicySet', data: policy });
  });
  return {};
};
