// `--only KEY=VALUE`: some of a sweep's runs.
import { UserError } from "../base/errors.ts";
import { decimalCommaFault, describeUnknown } from "../base/schema_errors.ts";
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
    const meant = key === "sparsity" ? fractionTextOf(value) : value;
    if (!values.includes(meant)) {
      const fault = decimalCommaFault(value) ?? describeUnknown(value, values);
      throw new UserError(`--only ${pair}: ${fault}`);
    }
    wanted.set(key, (wanted.get(key) ?? new Set()).add(meant));
  }
  return runs.filter((_, i) =>
    [...wanted].every(([key, values]) => values.has(facts[i]![key] ?? ""))
  );
}

/** A sparsity as in sweep files: 0.9 for the 90% of tables. */
function fractionTextOf(value: string): string {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(value) ?? [];
  return percent === undefined ? value : String(Number((Number(percent) / 100).toPrecision(12)));
}
