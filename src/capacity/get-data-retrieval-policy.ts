import type { Handler } from '../operation.ts';
import { findDataRetrievalPolicy } from './find-data-retrieval-policy.ts';

/** BytesPerHour is there only with the strategy of that name (documented). */
export const getDataRetrievalPolicy: Handler<'GetDataRetrievalPolicy'> = async (_input, call) => {
  const { strategy, bytesPerHour } = await call.metadata.read((tx) =>
    findDataRetrievalPolicy(tx, call.accountId),
  );
  const rule = bytesPerHour === undefined ? {} : { BytesPerHour: BigInt(bytesPerHour) };
  return { body: { Policy: { Rules: [{ ...rule, Strategy: strategy }] } } };
};
