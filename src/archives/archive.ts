/** An archive's words of refusal. */
import { notFound } from '../api/errors.ts';

/** By analogy with the text for jobs (chosen: Amazon's was never seen). */
export function archiveNotFound(archiveId: string) {
  return notFound(`The archive ID was not found: ${archiveId}`);
}
