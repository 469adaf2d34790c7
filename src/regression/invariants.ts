// What of a run is the same wherever it is made, on any processor or GPU and with any number of threads: how many weights
// its mask keeps, and the first batch that it trains on.
import { algorithms } from "../algorithms/registry.ts";
import type { RunFile } from "../runs/run_file.ts";
import type { LayerKept, RunResult } from "../training/result.ts";

/** The kept weights of every layer, by its name. */
type KeptByLayer = Readonly<Record<string, number>>;

/** What a baseline keeps of it; older ones lack it. */
export interface Invariants {
  readonly kept?: KeptByLayer;
  readonly firstBatch?: string;
}

export function invariantsOf({ layers, firstBatch }: RunResult): Invariants {
  const kept = Object.fromEntries(layers.map(({ name, kept }) => [name, kept]));
  return { kept, ...(firstBatch === undefined ? {} : { firstBatch }) };
}

/**
 * What of a run must be as in the baseline and is not, a clause each: `linear1 keeps 101 weights, 100 before`. What the
 * baseline does not say is not compared.
 */
export function invariantChangesOf(
  before: Invariants,
  { configuration, result }: RunFile,
): string[] {
  const isOther = before.firstBatch !== undefined && result.firstBatch !== undefined &&
    before.firstBatch !== result.firstBatch;
  return [
    ...(before.kept ? keptChangesOf(before.kept, result.layers, configuration) : []),
    ...(isOther
      ? ["the first batch is another: other images, labels, augmentation or normalisation"]
      : []),
  ];
}

// With the scope `global` the layers share their weights as was learnt, which depends on the last bits: the sum is compared.
function keptChangesOf(
  before: KeptByLayer,
  layers: readonly LayerKept[],
  { algorithm, sparsity }: RunFile["configuration"],
): string[] {
  const names = layers.map(({ name }) => name);
  if (names.toSorted().join() !== Object.keys(before).toSorted().join()) {
    return [`the layers are ${names.join(", ")}, ${Object.keys(before).join(", ")} before`];
  }
  const { parameters } = algorithm;
  const found = algorithms.find(({ name }) => name === algorithm.name);
  const { data } = found?.parameters.safeParse(parameters) ?? {};
  const mayKeepFewer = data !== undefined && (found?.keepsFewer?.(data) ?? false);
  const isChanged = ({ weights, kept }: LayerKept, keptBefore: number) => {
    if (!mayKeepFewer) return kept !== keptBefore;
    return kept > Math.max(keptBefore, weights - Math.trunc(sparsity * weights));
  };
  const all: LayerKept = {
    name: "the mask",
    weights: layers.reduce((sum, { weights }) => sum + weights, 0),
    kept: layers.reduce((sum, { kept }) => sum + kept, 0),
  };
  const allBefore = Object.values(before).reduce((sum, kept) => sum + kept, 0);
  const compared = parameters.scope === "global"
    ? [[all, allBefore] as const]
    : layers.map((layer) => [layer, before[layer.name]!] as const);
  return compared.filter(([layer, keptBefore]) => isChanged(layer, keptBefore))
    .map(([{ name, kept }, keptBefore]) => `${name} keeps ${kept} weights, ${keptBefore} before`);
}
