// A golden trajectory: a folder with weights, scores and batches, and what training on them gave elsewhere.
//
//   manifest.json                              network, algorithm, hyper-parameters, the loss before each update
//   weights.f32.bin, initial_scores.f32.bin    flat, layer after layer; raw little-endian, row-major
//   final_scores.f32.bin, final_mask.u8.bin
//   images.f32.bin, labels.i32.bin             one batch a step
import { join } from "node:path";
import { z } from "zod";
import { algorithms } from "../algorithms/registry.ts";
import { UserError } from "../base/errors.ts";
import { parseJsonAs } from "../base/json.ts";
import { readPlainFile } from "../base/plain_files.ts";
import { describeUnknown, firstErrorOf } from "../base/schema_errors.ts";
import { type Layer, layerSchema, type Network, weightCount } from "../networks/network.ts";

const size = z.int().min(1).max(1 << 20);

/** The kinds of layers that goldens call otherwise. */
const ownKinds = new Map<unknown, string>([
  ["maxpool", "max-pool"],
  ["avgpool", "average-pool"],
  ["batchnorm", "batch-norm"],
]);

function renameKind(layer: unknown): unknown {
  if (typeof layer !== "object" || layer === null || !("kind" in layer)) return layer;
  const { kind } = layer;
  return { ...layer, kind: ownKinds.get(kind) ?? kind };
}

function renameKinds(layer: unknown): unknown {
  if (typeof layer !== "object" || layer === null) return layer;
  const parts = Object.entries(layer).filter(([, part]) => Array.isArray(part)).map((
    [name, part],
  ) => [name, part.map(renameKind)] as const);
  return renameKind({ ...layer, ...Object.fromEntries(parts) });
}

const goldenLayerSchema = z.preprocess(renameKinds, layerSchema);

const common = {
  input_shape: z.tuple([size, size, size]),
  layers: z.array(goldenLayerSchema).min(1).max(4096),
  kept_fraction: z.number().gt(0).max(1),
  scope: z.enum(["layer", "global"]),
  learning_rate: z.number(),
  momentum: z.number().min(0),
  weight_decay: z.number().min(0),
  steps: z.int().min(1),
  batch_size: size,
  bias: z.literal(false).default(false),
  losses: z.array(z.number()),
  /** Correct predictions of each step; a mean over draws where there are several. */
  correct: z.array(z.number()),
  /** What draws of masks are made from, where there are any: see `mb_noise`. */
  noise_key: z.int().min(0).default(0),
};

/** Other keys are hyper-parameters, or say in words how the trajectory was made. */
const manifestSchema = z.looseObject({ algorithm: z.string(), ...common });

/** What a manifest says, with its hyper-parameters as the algorithm's learner takes them. */
export type GoldenManifest = z.infer<typeof manifestSchema> & {
  readonly parameters: Readonly<Record<string, unknown>>;
};

export interface Golden {
  readonly manifest: GoldenManifest;
  readonly network: Network;
  /** Length n each. */
  readonly weights: Float32Array<ArrayBuffer>;
  readonly initialScores: Float32Array<ArrayBuffer>;
  readonly finalScores: Float32Array<ArrayBuffer>;
  readonly finalMask: Uint8Array<ArrayBuffer>;
  /** `(steps, batch, channels, height, width)` and `(steps, batch)`. */
  readonly images: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

/** The largest manifest that is read: one of a million steps has 50 MB. */
const MAX_MANIFEST_BYTES = 2 ** 26;

/**
 * @param read gives the bytes of a file of the folder, or throws where there are more than `max`
 * @throws {UserError} naming the file, what it holds and what was expected
 */
export async function readGolden(
  folder: string,
  read: (folder: string, file: string, max: number) => Promise<Uint8Array<ArrayBuffer>> = readFile,
): Promise<Golden> {
  const manifest = parseManifest(await read(folder, "manifest.json", MAX_MANIFEST_BYTES), folder);
  const { steps, batch_size, input_shape: [channels, height, width] } = manifest;
  const network = {
    name: manifest.algorithm,
    inputShape: manifest.input_shape,
    layers: layersOf(manifest),
  };
  const n = weightCount(network.layers), pictures = steps * batch_size;
  const array = async <T>(
    file: string,
    length: number,
    type: { new (buffer: ArrayBuffer): T; BYTES_PER_ELEMENT: number },
  ): Promise<T> => {
    const expected = length * type.BYTES_PER_ELEMENT;
    const bytes = await read(folder, file, expected);
    if (bytes.length !== expected) {
      throw new UserError(`${join(folder, file)} has ${bytes.length} bytes, expected ${expected}`);
    }
    return new type(bytes.buffer);
  };
  return {
    manifest,
    network,
    weights: await array("weights.f32.bin", n, Float32Array),
    initialScores: await array("initial_scores.f32.bin", n, Float32Array),
    finalScores: await array("final_scores.f32.bin", n, Float32Array),
    finalMask: await array("final_mask.u8.bin", n, Uint8Array),
    images: await array("images.f32.bin", pictures * channels * height * width, Float32Array),
    labels: await array("labels.i32.bin", pictures, Int32Array),
  };
}

async function readFile(
  folder: string,
  file: string,
  max: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(folder, file);
  try {
    return await readPlainFile(path, max);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${path} ${error.message}`);
    throw new UserError(
      error instanceof Deno.errors.NotFound
        ? `${path} is missing: a golden folder holds manifest.json and six .bin files`
        : `${path} can't be read: ${(error as Error).message}`,
    );
  }
}

function parseManifest(bytes: Uint8Array<ArrayBuffer>, folder: string): GoldenManifest {
  const path = join(folder, "manifest.json");
  const data = parseJsonAs(manifestSchema, new TextDecoder().decode(bytes), {
    noJson: (reason) => new UserError(`${path} is no JSON: ${reason}`),
    invalid: (fault) => new UserError(`${path}: ${fault}`),
  });
  if (data.losses.length !== data.steps || data.correct.length !== data.steps) {
    throw new UserError(
      `${path}: ${data.losses.length} losses and ${data.correct.length} counts of correct ` +
        `predictions, expected ${data.steps} each`,
    );
  }
  return { ...data, parameters: parametersOf(data, path) };
}

/** More than any trajectory here has steps, and less than a replay that never ends would take. */
const MAX_WHOLE_NUMBER = 10_000;

/**
 * The hyper-parameters of a manifest's algorithm: a key is the parameter's name with underscores.
 * @throws {UserError} where there is no such algorithm, it learns no mask, or a value is not one that it takes
 */
function parametersOf(
  manifest: z.infer<typeof manifestSchema>,
  path: string,
): Record<string, unknown> {
  const algorithm = algorithms.find(({ name, learns }) =>
    name === manifest.algorithm && learns === "mask"
  );
  if (!algorithm) {
    const known = algorithms.filter(({ learns }) => learns === "mask").map(({ name }) => name);
    throw new UserError(`${path}: algorithm: ${describeUnknown(manifest.algorithm, known)}`);
  }
  const names = Object.keys(algorithm.parameters.shape);
  const given = withPresentSpelling(manifest, names);
  const values = Object.fromEntries(
    names.map((name) => [name, given[keyOf(name)]] as const).filter(([, value]) =>
      value !== undefined
    ),
  );
  const { data, error } = algorithm.parameters.safeParse(values);
  if (error) throw new UserError(`${path}: ${firstErrorOf(error)}`);
  const large = Object.entries(data).find(([, value]) => Number(value) > MAX_WHOLE_NUMBER);
  if (large) {
    throw new UserError(
      `${path}: ${large[0]}: ${large[1]} is too large: expected at most ${MAX_WHOLE_NUMBER}`,
    );
  }
  return data;
}

const keyOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

// Goldens give a floor as the value below which nothing is kept, and a box by its ends or as that of the mask; where they
// leave these out, both are there. What is spelt in neither way is left to the algorithm's schema to refuse.
function withPresentSpelling(
  manifest: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const { floor = 0.5, box = [0, 1], mask_box: isOfMask = false } = manifest;
  const spellings: Readonly<Record<string, unknown>> = {
    "floor 0.5": true,
    "floor null": false,
    "box [0,1]": "latent",
    "box null": isOfMask === true ? "mask" : "none",
  };
  const present = Object.entries({ floor, box }).filter(([name]) => names.includes(name)).map((
    [name, value],
  ) => [name, spellings[`${name} ${JSON.stringify(value)}`] ?? value]);
  return { ...manifest, ...Object.fromEntries(present) };
}

// The layers, with what a manifest leaves out: a flatten before the first linear layer, and, where it names no ReLU at all, one
// after every layer with weights but the last.
function layersOf({ layers }: GoldenManifest): Layer[] {
  const hasWeights = ({ kind }: Layer) => kind === "conv" || kind === "linear";
  const last = layers.findLastIndex(hasWeights), flat = layers.findIndex(isFlat);
  const rectified = layers.some(({ kind }) => kind === "relu");
  return layers.flatMap((layer, index): Layer[] => [
    ...(index === flat && layer.kind === "linear" ? [{ kind: "flatten" } as const] : []),
    layer,
    ...(!rectified && index !== last && hasWeights(layer) ? [{ kind: "relu" } as const] : []),
  ]);
}

const isFlat = ({ kind }: Layer) => kind === "linear" || kind === "flatten";
