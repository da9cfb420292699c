/** Policies that were judged when they were set, compiled once: the same few are asked again and again. */
import { type Policy, type PolicyKind, parsePolicy } from './policy-document.ts';

const keptPolicies = 256;

export class CompiledPolicies<Kind extends PolicyKind> {
  readonly #kind: Kind;
  readonly #kept = new Map<string, Policy<Kind>>();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  get(text: string): Policy<Kind> {
    const kept = this.#kept.get(text);
    if (kept) return kept;
    const policy = parsePolicy(text, this.#kind);
    if (this.#kept.size >= keptPolicies) this.#kept.clear();
    this.#kept.set(text, policy);
    return policy;
  }
}
