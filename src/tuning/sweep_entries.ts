// The best settings as part of a sweep file: one value, or one by sparsity and by network.
import { defaultsOf } from "../algorithms/registry.ts";
import type { Value } from "../algorithms/space.ts";
import { canonicalJson } from "../runs/identity.ts";
import { networkNameOf } from "../tables/format.ts";
import { type Context, isUnmasked } from "../tables/table.ts";
import type { Choice } from "./choices.ts";

/** The value of a hyper-parameter as in a sweep file. */
export type TunedValues =
  | Value
  | { readonly bySparsity: Readonly<Record<string, Value>> }
  | { readonly byNetwork: Readonly<Record<string, TunedValues>> };

/** An entry of a sweep file's `algorithms`. */
export type SweepEntry = { readonly name: string; readonly [parameter: string]: TunedValues };

/** Entries that belong in one sweep file: all were chosen under the same settings, except for the network. */
export interface SweepEntries {
  /** The context of one of the networks. */
  readonly context: Context;
  /** The networks as tables name them. */
  readonly networks: readonly string[];
  readonly algorithms: readonly SweepEntry[];
}

/** The best candidates as entries, with hyper-parameters that were tuned or differ from the algorithm's default. */
export function entriesOf(choices: readonly Choice[]): SweepEntries[] {
  const widths = Map.groupBy(choices, ({ context }) => context.network.name);
  // A sweep file names networks without their width: two widths of one network need two files.
  const hasSeveralWidths = (name: string) =>
    new Set(widths.get(name)!.map(({ context }) => context.network.width)).size > 1;
  const files = Map.groupBy(
    choices,
    ({ context: { network, ...rest } }) =>
      canonicalJson([rest, hasSeveralWidths(network.name) ? network.width : null]),
  );
  return [...files.values()].map((members) => ({
    context: members[0]!.context,
    networks: [...new Set(members.map(({ context }) => networkNameOf(context)))],
    algorithms: [...Map.groupBy(members, ({ algorithm }) => algorithm).values()].map(entryOf),
  }));
}

function entryOf(choices: readonly Choice[]): SweepEntry {
  const name = choices[0]!.algorithm;
  const defaults = defaultsOf(name);
  const entry: Record<string, TunedValues> & { name: string } = { name };
  for (const parameter of Object.keys(choices[0]!.candidates[0]!.parameters)) {
    const value = valuesOfBest(choices, parameter);
    if (choices[0]!.tuned.includes(parameter) || value !== defaults[parameter]) {
      entry[parameter] = value;
    }
  }
  return entry;
}

function valuesOfBest(choices: readonly Choice[], parameter: string): TunedValues {
  const best = ({ candidates }: Choice) => candidates[0]!.parameters[parameter]!;
  const networks = [...Map.groupBy(choices, ({ context }) => context.network.name)].map(
    ([name, members]): [string, TunedValues] => {
      const bySparsity = members.map((one): [string, Value] => [String(one.sparsity), best(one)]);
      const isSingle = isUnmasked(members[0]!.algorithm) || allEqual(bySparsity);
      return [name, isSingle ? bySparsity[0]![1] : { bySparsity: Object.fromEntries(bySparsity) }];
    },
  );
  return allEqual(networks) ? networks[0]![1] : { byNetwork: Object.fromEntries(networks) };
}

function allEqual(entries: readonly (readonly [string, TunedValues])[]): boolean {
  return new Set(entries.map(([, value]) => canonicalJson(value))).size === 1;
}
