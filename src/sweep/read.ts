// Reading a sweep file: its text, its grid, and whether the grid makes sense as a whole.
import { dirname, join } from "node:path";
import { algorithmOf } from "../algorithms/registry.ts";
import { UserError } from "../base/errors.ts";
import { type ParsedJson, parseJson, readUserFile } from "../base/json.ts";
import { errorTextsOf } from "../base/schema_errors.ts";
import { packOf } from "../datasets/pack.ts";
import { knownPicturesOf } from "../datasets/registry.ts";
import { chosenNetworkOf, networkRegistry } from "../networks/registry.ts";
import { expandSweep } from "./expand.ts";
import { type Sweep, sweepSchema } from "./schema.ts";
import { withSettings } from "./set.ts";

/** Faults that are listed one by one. */
const MAX_LISTED = 20;

/**
 * Reads a sweep file, and the ones next to it that it extends, and checks all of it.
 * @param shown how the file is called in messages
 * @param sets changes to what it says, `PATH=VALUE` each
 * @throws {UserError} with one sentence for each fault: place, what stands there, what is allowed
 */
export async function readSweep(
  path: string,
  shown: string = path,
  sets: readonly string[] = [],
): Promise<Sweep> {
  const { json, faults } = await readExtended(path, shown, []);
  const keys = {
    all: Object.keys(sweepSchema().shape).filter((key) => key !== "extends"),
    parametersOf: (name: string) => Object.keys(algorithmOf(name).parameters.shape),
  };
  const changed = sets.length > 0 ? `${shown} with --set ${sets.join(" --set ")}` : shown;
  return checkSweep(withSettings(json, sets, keys), changed, faults);
}

/** A name of a file next to another: no part of a sweep file leads anywhere else. */
const neighbour = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

// The keys of a file count for more than those of the one that it extends.
async function readExtended(
  path: string,
  shown: string,
  within: readonly string[],
): Promise<ParsedJson> {
  const missing = within.length === 0
    ? "does not exist: expected a sweep file, such as bench/digits.json"
    : `does not exist, which ${within.at(-1)} extends`;
  const own = parseJson(await readUserFile(path, shown, missing), shown);
  const { json } = own;
  if (typeof json !== "object" || json === null || !("extends" in json)) return own;
  const { extends: name, ...keys } = json as Record<string, unknown>;
  if (typeof name !== "string" || !neighbour.test(name)) {
    throw new UserError(
      `${shown}: extends: expected the name of a sweep file in the same folder, such as "mnist.json"`,
    );
  }
  const base = join(dirname(path), name), baseShown = join(dirname(shown), name);
  if ([...within, shown].includes(baseShown)) {
    throw new UserError(`${shown}: extends: ${baseShown} extends this file in turn`);
  }
  const extended = await readExtended(base, baseShown, [...within, shown]);
  return {
    json: { ...extended.json as Record<string, unknown>, ...keys },
    faults: [...extended.faults, ...own.faults],
  };
}

/** Reads a sweep file's text. */
export function parseSweep(text: string, shown: string): Sweep {
  const { json, faults } = parseJson(text, shown);
  return checkSweep(json, shown, faults);
}

// The names of the networks that a sweep describes, in what may be no sweep at all.
function describedNamesIn(json: unknown): string[] {
  const networks = (json as { networks?: unknown } | null)?.networks;
  if (!Array.isArray(networks)) return [];
  return networks.flatMap((network: { name?: unknown; layers?: unknown } | null) =>
    network?.layers !== undefined && typeof network.name === "string" ? [network.name] : []
  );
}

/**
 * Checks the parsed JSON of a sweep file, and fills in its defaults.
 * @param known faults that were found before
 * @throws {UserError} that names every fault with its place
 *
 * @example A mistake is named with its place
 * ```ts
 * import assert from "node:assert/strict";
 * import { checkSweep } from "@maskbench/maskbench";
 *
 * const sweep = {
 *   name: "mine",
 *   dataset: "shapes",
 *   networks: ["conv2"],
 *   algorithms: ["edge-popup"],
 *   sparsities: [0.5],
 *   epochs: 1,
 * };
 * assert.equal(checkSweep(sweep).batchSize, 128);
 * assert.throws(() => checkSweep({ ...sweep, sparsities: [50] }), /sparsities/);
 * ```
 */
export function checkSweep(
  json: unknown,
  shown: string = "the sweep",
  known: readonly string[] = [],
): Sweep {
  const { data, error } = sweepSchema(describedNamesIn(json)).safeParse(json, {
    reportInput: true,
  });
  const faults = [
    ...known,
    ...(error ? errorTextsOf(error) : [...contradictions(data), ...expandSweep(data, "").faults]),
  ];
  if (faults.length === 1) throw new UserError(`${shown}: ${faults[0]}`);
  if (faults.length > 1) {
    const more = faults.length > MAX_LISTED ? [`and ${faults.length - MAX_LISTED} more`] : [];
    throw new UserError([`${shown}:`, ...faults.slice(0, MAX_LISTED), ...more].join("\n  "));
  }
  return data!;
}

// Finds networks that need larger pictures than the data set has, or whose described layers don't fit together.
function unfitNetworks({ dataset, networks }: Sweep): string[] {
  const { shape, classes } = knownPicturesOf(dataset)!;
  return networks.flatMap((network, index) => {
    const { name, layers } = network;
    if (layers && networkRegistry.all.some((known) => known.name === name)) {
      return [`networks[${index}].name: "${name}" is there already: expected another name`];
    }
    const other = networks.findIndex((before) =>
      before.name === name && JSON.stringify(before.layers) !== JSON.stringify(layers)
    );
    if (other >= 0 && other < index) {
      return [`networks[${index}].name: networks[${other}] has the same with other layers`];
    }
    const last = layers?.at(-1);
    const told = last?.kind === "linear" ? last.outputs : undefined;
    try {
      chosenNetworkOf(network, { inputShape: shape, classes: classes ?? told ?? 1000 });
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return [
        layers
          ? `networks[${index}].${error.message}`
          : `networks[${index}]: ${error.message}, as those of ${dataset} are`,
      ];
    }
  });
}

// Finds an augmentation that is not for it, a warm-up that is
// longer than the run, and a comparison with an algorithm that is not run.
function contradictions(sweep: Sweep): string[] {
  const augmentation = sweep.augmentation === "random-resized-crop" && !packOf(sweep.dataset)
    ? ["augmentation: random-resized-crop is for folders of pictures, expected none or crop-flip"]
    : [];
  const { warmUp, epochs, tune } = sweep;
  const warming = [
    ...warmUp >= epochs && warmUp > 0
      ? [`warmUp: ${warmUp} is too large: expected less than ${epochs}, the epochs`]
      : [],
    ...warmUp > 0 && tune.epochs !== undefined && warmUp >= tune.epochs
      ? [`tune.epochs: ${tune.epochs} is too small: expected more than ${warmUp}, those of warmUp`]
      : [],
  ];
  const own = sweep.algorithms.map(({ name }) => name);
  const absent = (sweep.compare ?? []).flatMap((pair, i) =>
    pair.flatMap((name, j) =>
      own.includes(name) ? [] : [
        `compare[${i}][${j}]: the sweep has no ${name}: expected ${[...new Set(own)].join(", ")}`,
      ]
    )
  );
  return [...augmentation, ...warming, ...absent, ...unfitNetworks(sweep)];
}
