// `--only KEY=VALUE`: some of a sweep's runs.
import { UserError } from "../base/errors.ts";
import { describeUnknown } from "../base/schema_errors.ts";
import { selectableFactsOf } from "../runs/label.ts";
import type { RunConfig } from "../training/config.ts";

/**
 * The runs that have one of the values named for every key named.
 * @param only `KEY=VALUE` each
 * @throws {UserError} for a key or value that no run has
 */
export function selectRuns(runs: readonly RunConfig[], only: readonly string[]): RunConfig[] {
  const facts = runs.map(selectableFactsOf);
  const keys = [...new Set(facts.flatMap((fact) => Object.keys(fact)))];
  const wanted = new Map<string, Set<string>>();
  for (const pair of only) {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) {
      throw new UserError(`--only ${pair}: expected KEY=VALUE, such as network=conv4`);
    }
    if (!keys.includes(key)) throw new UserError(`--only ${pair}: ${describeUnknown(key, keys)}`);
    const values = [...new Set(facts.flatMap((fact) => fact[key] ?? []))];
    if (!values.includes(value)) {
      throw new UserError(`--only ${pair}: ${describeUnknown(value, values)}`);
    }
    wanted.set(key, (wanted.get(key) ?? new Set()).add(value));
  }
  return runs.filter((_, i) =>
    [...wanted].every(([key, values]) => values.has(facts[i]![key] ?? ""))
  );
}
