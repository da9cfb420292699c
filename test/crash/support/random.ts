/**
 * Numbers that look random and can be had again: a run prints its seed, and FIRN_CRASH_SEED repeats
 * what it drew. (What the machine makes of it, in which order answers come, it cannot repeat.)
 */
import { randomBytes } from 'node:crypto';

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to just under 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.whole(0, items.length - 1)];
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let at = this.next() * total;
    for (const [name, weight] of entries) {
      at -= weight;
      if (at < 0) return name;
    }
    return (entries.at(-1) as [Name, number])[0];
  }

  /** Another generator, which draws its own numbers. */
  fork(): Random {
    return new Random(this.whole(0, 0xffff_ffff));
  }
}

/** The seed of this run: FIRN_CRASH_SEED, or a new one, which is printed. */
export function seedOfRun(what: string): number {
  const given = process.env.FIRN_CRASH_SEED;
  const seed = given === undefined ? randomBytes(4).readUInt32BE() : Number(given);
  process.stderr.write(`${what}: FIRN_CRASH_SEED=${seed}\n`);
  return seed;
}
