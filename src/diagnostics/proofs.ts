// What an algorithm must be whoever wrote it, tried on a small run: the same bytes again, a state that is whole, a mask of
// zeros and ones within k, a step that descends, controls that know nothing, and no memory that is kept.
import { algorithmOf, algorithmRegistry } from "../algorithms/registry.ts";
import { recordParameters } from "../algorithms/hyperparameters.ts";
import { keptSegmentsOf, type Scope } from "../algorithms/scope.ts";
import type { Learner } from "../algorithms/algorithm.ts";
import { sha256 } from "../datasets/checksum.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { readLiveObjects } from "../native/mod.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunResult } from "../training/result.ts";
import { run } from "../training/run.ts";
import { StoppedError } from "../training/run_errors.ts";
import { setUpRun } from "../training/setup.ts";

/** What was tried, and what came out. */
export interface Proof {
  readonly name: string;
  /** A sentence with the figure where it failed; nothing where it holds. */
  readonly fault?: string | undefined;
  /** Why it does not apply, where it doesn't. */
  readonly skipped?: string | undefined;
}

/** Pictures of the data set that proofs are tried on. */
const TRAINED = 2048, TESTED = 512;

// So few pictures that a proof takes a second or less.
function smallDatasetOf(dataset: Dataset): Dataset {
  const pixels = dataset.shape.reduce((product, size) => product * size, 1);
  const firstOf = (split: Dataset["train"], count: number) =>
    "path" in split ? split : {
      images: split.images.slice(0, count * pixels),
      labels: split.labels.slice(0, count),
    };
  return {
    ...dataset,
    train: firstOf(dataset.train, TRAINED),
    test: firstOf(dataset.test, TESTED),
  };
}

/** The run that proofs are tried on: conv2 of a fiftieth of the width, two epochs, half of the weights removed. */
export function proofConfigOf(name: string, dataset: Dataset): RunConfig {
  const algorithm = algorithmOf(name);
  return {
    dataset: { name: dataset.name, checksum: dataset.checksum, split: "test" },
    network: { name: "conv2", width: 0.02 },
    initialisation: { name: "kaiming-normal", scaleFan: false },
    algorithm: {
      ...{ name, version: algorithm.version, parameters: recordParameters(algorithm, {}) },
      ...algorithmRegistry.originOf(name),
    },
    sparsity: algorithm.masks ? 0.5 : 0,
    seed: 1,
    epochs: 2,
    batchSize: 128,
    schedule: "cosine",
    augmentation: "none",
    precision: "float32",
  };
}

/** What a proof works with. */
interface Trial {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  /** The undisturbed run, and its masks. */
  readonly whole: RunResult;
}

/** Each gives a sentence where it fails. */
const proofs: Readonly<Record<string, (trial: Trial) => string | undefined>> = {
  "the same bytes again": ({ config, dataset, whole }) =>
    differenceOf(execute(config, dataset), whole, "a second run of the same configuration"),

  "the same bytes when it is stopped and goes on": (trial) => {
    const checkpoint = checkpointAfter(trial, 10);
    if (!checkpoint) return "the run could not be stopped after 10 steps";
    const { config, dataset, whole } = trial;
    return differenceOf(
      execute(config, dataset, { from: checkpoint }),
      whole,
      "stopped after 10 steps and gone on with, the run",
    ) &&
      "stopped after 10 steps and gone on with, the run gives other losses or another mask: its " +
        "`state` does not hold all that one step leaves for the next";
  },

  "the same bytes next to others": neighbourFaultOf,

  "a mask of zeros and ones, within k": maskFaultOf,

  "a step that descends": descentFaultOf,

  "nothing is kept": ({ config, dataset }) => {
    execute(config, dataset);
    const before = readLiveObjects().handles;
    execute(config, dataset);
    const kept = readLiveObjects().handles - before;
    return kept > 0
      ? `${kept} vectors or other handles are left after a run: take vectors from \`context.vector()\`, or free them`
      : undefined;
  },
};

/** Those that are about steps. */
const ofSteps = [
  "the same bytes when it is stopped and goes on",
  "the same bytes next to others",
  "a step that descends",
];

/** The names of all proofs, in their order. */
export const proofNames: readonly string[] = Object.keys(proofs);

/**
 * Tries all proofs on an algorithm. The native library must be open.
 * @param onProof receives each as soon as it is done
 */
export function proveAlgorithm(
  name: string,
  pictures: Dataset,
  onProof: (proof: Proof) => void = () => {},
): Proof[] {
  const config = proofConfigOf(name, pictures), learns = algorithmOf(name).learns;
  const dataset = smallDatasetOf(pictures);
  const done: Proof[] = [];
  const add = (proof: Proof) => {
    done.push(proof);
    onProof(proof);
  };
  let whole: RunResult;
  try {
    whole = execute(config, dataset);
  } catch (error) {
    add({ name: "it runs", fault: (error as Error).message.split("\n")[0]! });
    return done;
  }
  add({ name: "it runs" });
  for (const [name, prove] of Object.entries(proofs)) {
    if (learns === null && ofSteps.includes(name)) {
      add({ name, skipped: "it learns nothing" });
      continue;
    }
    try {
      add({ name, fault: prove({ config, dataset, whole }) });
    } catch (error) {
      add({ name, fault: (error as Error).message.split("\n")[0]! });
    }
  }
  return done;
}

function execute(
  config: RunConfig,
  dataset: Dataset,
  more: { readonly from?: Checkpoint } = {},
): RunResult {
  return run(config, { dataset, device: "cpu", threads: 1, ...more });
}

function differenceOf(result: RunResult, whole: RunResult, what: string): string | undefined {
  const loss = result.epochs.findIndex(({ trainLoss, testLoss }, i) =>
    trainLoss !== whole.epochs[i]!.trainLoss || testLoss !== whole.epochs[i]!.testLoss
  );
  if (loss >= 0) {
    const [now, before] = [result, whole].map(({ epochs }) => epochs[loss]!.trainLoss);
    return `${what} gives a loss of ${now} in epoch ${
      loss + 1
    } instead of ${before}: does a step read the ` +
      "clock, or draw random numbers that are not of the context?";
  }
  return result.digest === whole.digest ? undefined : `${what} gives another mask`;
}

// The first checkpoint of a run that is stopped after so many steps.
function checkpointAfter({ config, dataset }: Trial, steps: number): Checkpoint | undefined {
  let left = steps, last: Checkpoint | undefined;
  try {
    run(config, {
      ...{ dataset, device: "cpu", threads: 1 },
      shouldStop: () => --left === 0,
      // It lends its memory: what is kept is a copy.
      onCheckpoint: (checkpoint) => last = structuredClone(checkpoint),
    });
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
  }
  return last;
}

/** Steps of two runs in turn. */
const STEPS_IN_TURN = 10;

// Two runs of one process, a step of each in turn, as a library's user may have them: each gives what it gives alone.
function neighbourFaultOf({ config, dataset }: Trial): string | undefined {
  const configs = [config, { ...config, seed: config.seed + 1 }];
  const alone = configs.map((one) => stepInTurn([one], dataset)[0]!);
  const together = stepInTurn(configs, dataset);
  const differing = together.findIndex((bytes, i) => bytes !== alone[i]);
  return differing < 0
    ? undefined
    : `with another run in the same process, ${STEPS_IN_TURN} steps leave another state than ` +
      "alone: what a run changes must be its own, made in start()";
}

// The state of each run after some steps in turn, as text.
function stepInTurn(configs: readonly RunConfig[], dataset: Dataset): string[] {
  using resources = new DisposableStack();
  const setups = configs.map((config) => setUpRun(config, { dataset, device: "cpu" }, resources));
  for (const setup of setups) setup.batches.draw(setup.streams);
  for (let t = 0; t < STEPS_IN_TURN; t++) {
    for (const [i, setup] of setups.entries()) {
      setup.step(t, Number(configs[i]!.algorithm.parameters.learningRate));
    }
  }
  return setups.map(({ learner }) =>
    JSON.stringify(
      Object.entries(learner.state).map(([name, vector]) => [name, sha256(bytesOf(vector))]),
    )
  );
}

function bytesOf(vector: Learner["state"][string]): Uint8Array {
  const values = vector.download();
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

// All steps of the run by hand, and a look at every entry of the mask: before the end more than k may be kept.
function maskFaultOf({ config, dataset }: Trial): string | undefined {
  using resources = new DisposableStack();
  const setup = setUpRun(config, { dataset, device: "cpu" }, resources);
  const { masks, keepsFewer, parameters } = algorithmOf(config.algorithm.name);
  const rate = Number(config.algorithm.parameters.learningRate), { steps } = setup.batches;
  for (let t = 0; t < steps * config.epochs && setup.learns !== null; t++) {
    if (t % steps === 0) setup.batches.draw(setup.streams);
    setup.step(t, rate);
  }
  const mask = setup.learner.mask()?.download();
  if (!masks) return mask ? "it gives a mask, and says `masks: false`" : undefined;
  if (!mask) return "it gives no mask, and says `masks: true`";
  const other = mask.find((value) => value !== 0 && value !== 1);
  if (other !== undefined) return `an entry of the mask is ${other}: expected 0 or 1`;
  const again = setup.learner.mask()!.download();
  if (mask.some((value, i) => value !== again[i])) {
    return "mask() gives another mask the second time";
  }
  const scope = (config.algorithm.parameters.scope ?? "global") as Scope;
  for (const { offset, length, kept } of keptSegmentsOf(setup.segments, config.sparsity, scope)) {
    const ones = mask.subarray(offset, offset + length).reduce((sum, value) => sum + value, 0);
    const where = scope === "layer" ? `the layer at ${offset}` : "the network";
    if (ones > kept) {
      return `the mask keeps ${ones} weights of ${where}: expected at most k = ${kept}`;
    }
    const isShort = ones < kept && !keepsFewer?.(parameters.parse({}));
    if (isShort) {
      return `the mask keeps ${ones} weights of ${where}: expected k = ${kept}, unless keepsFewer() says so`;
    }
  }
  return undefined;
}

/** Steps on one batch, and by how much its loss must fall in them. */
const STEPS = 200, FALL = 0.1;

// Steps on one batch alone at a small rate: whatever is learnt, the loss on it must fall.
function descentFaultOf({ config, dataset }: Trial): string | undefined {
  const count = 128, pixels = dataset.shape.reduce((product, size) => product * size, 1);
  if (!("images" in dataset.train)) return undefined;
  const { images, labels } = dataset.train;
  const train = { images: images.slice(0, count * pixels), labels: labels.slice(0, count) };
  using resources = new DisposableStack();
  const setup = setUpRun(
    { ...config, network: { name: "mlp", width: 0.1 }, epochs: STEPS },
    { dataset: { ...dataset, train }, device: "cpu" },
    resources,
  );
  const rate = Number(config.algorithm.parameters.learningRate);
  const losses: number[] = [];
  let before = 0;
  for (let t = 0; t < STEPS; t++) {
    setup.batches.draw(setup.streams);
    setup.step(t, rate);
    const sum = setup.metrics.download()[0]!;
    losses.push((sum - before) / count);
    before = sum;
  }
  const mean = (from: number, to: number) =>
    losses.slice(from, to).reduce((sum, loss) => sum + loss, 0) / (to - from);
  const [first, last] = [mean(0, 5), mean(STEPS - 5, STEPS)];
  return last < first - FALL
    ? undefined
    : `${STEPS} steps on one batch take its loss from ${first.toFixed(3)} to ${
      last.toFixed(3)
    }: expected a fall of at least ${FALL}; has the gradient the right sign?`;
}
