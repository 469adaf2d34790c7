// The best settings as part of a sweep file: one value, or one by sparsity and by network.
import { defaultsOf } from "../algorithms/registry.ts";
import type { Value } from "../algorithms/space.ts";
import { canonicalJson } from "../runs/identity.ts";
import { networkNameOf } from "../tables/format.ts";
import { type Context, isUnmasked } from "../tables/table.ts";
import type { Choice } from "./choices.ts";

/** A hyper-parameter as a sweep file has it. */
export type TunedValues =
  | Value
  | { readonly bySparsity: Readonly<Record<string, Value>> }
  | { readonly byNetwork: Readonly<Record<string, TunedValues>> };

/** An entry of a sweep file's `algorithms`. */
export type SweepEntry = { readonly name: string; readonly [parameter: string]: TunedValues };

/** Entries that belong into one sweep file: all chosen under the same settings, but for the network. */
export interface SweepEntries {
  /** Of one of the networks. */
  readonly context: Context;
  /** As tables name them. */
  readonly networks: readonly string[];
  readonly algorithms: readonly SweepEntry[];
}

/** The winners of the choices, with what was tuned and what is not the algorithm's default. */
export function entriesOf(choices: readonly Choice[]): SweepEntries[] {
  const widths = Map.groupBy(choices, ({ context }) => context.network.name);
  // A sweep file names networks without their width: two widths of one network need two files.
  const several = (name: string) =>
    new Set(widths.get(name)!.map(({ context }) => context.network.width)).size > 1;
  const files = Map.groupBy(
    choices,
    ({ context: { network, ...rest } }) =>
      canonicalJson([rest, several(network.name) ? network.width : null]),
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
    const value = valueOf(choices, parameter);
    if (choices[0]!.tuned.includes(parameter) || value !== defaults[parameter]) {
      entry[parameter] = value;
    }
  }
  return entry;
}

function valueOf(choices: readonly Choice[], parameter: string): TunedValues {
  const best = ({ candidates }: Choice) => candidates[0]!.parameters[parameter]!;
  const networks = [...Map.groupBy(choices, ({ context }) => context.network.name)].map(
    ([name, members]): [string, TunedValues] => {
      const bySparsity = members.map((one): [string, Value] => [String(one.sparsity), best(one)]);
      const plain = isUnmasked(members[0]!.algorithm) || allEqual(bySparsity);
      return [name, plain ? bySparsity[0]![1] : { bySparsity: Object.fromEntries(bySparsity) }];
    },
  );
  return allEqual(networks) ? networks[0]![1] : { byNetwork: Object.fromEntries(networks) };
}

function allEqual(entries: readonly (readonly [string, TunedValues])[]): boolean {
  return new Set(entries.map(([, value]) => canonicalJson(value))).size === 1;
}
