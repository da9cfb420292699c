/** Policies of vaults as they travel: a text that holds JSON, judged when it is set. */
import { type GlacierError, invalidParameter, missingParameter } from '../api/errors.ts';
import type { PolicyParameters } from '../api/shapes.ts';
import { CompiledPolicies } from './compiled-policies.ts';
import { InvalidPolicyError } from './invalid-policy.ts';
import { type Policy, parsePolicy } from './policy-document.ts';

const compiled = new CompiledPolicies('vault');

/**
 * The policy's text, when it is one. It is kept and given back as it is (documented).
 *
 * @param name `access` or `lock`, for the refusal
 * @throws GlacierError naming the place that is not understood
 */
export function readVaultPolicy(
  parameters: PolicyParameters | undefined,
  name: 'access' | 'lock',
  vaultArn: string,
): string {
  const text = parameters?.Policy;
  if (text === null || text === undefined) throw missingParameter('Policy');
  try {
    parsePolicy(text, 'vault', vaultArn);
    return text;
  } catch (error) {
    if (error instanceof InvalidPolicyError) throw refusal(name, error);
    throw error;
  }
}

/** Amazon's words (observed for the lock), and behind them what it leaves to be guessed. */
function refusal(name: string, error: InvalidPolicyError): GlacierError {
  return invalidParameter(
    `The specified vault ${name} policy is invalid. Provide a valid policy. ${error.message}`,
  );
}

/** A policy that was judged when it was set. */
export function compileVaultPolicy(text: string | null): Policy<'vault'> | undefined {
  return text === null ? undefined : compiled.get(text);
}
