/**
 * maskbench as a library: one run, a sweep, a table, or the native core alone. Importing it computes nothing.
 *
 * The weights `w` of a network are drawn once and stay as they are; an algorithm learns a mask `m`, so that the network
 * with the weights `w ⊙ m` is a good one. All maskable weights are one flat vector, and so is the mask.
 *
 * @example One run, and how much of each layer its mask keeps
 * ```ts
 * import { checkSweep, configurationsOf, loadDataset, openNative, run } from "./mod.ts";
 *
 * await openNative(); // finds libtorch and builds the native core where that is not done yet
 * const dataset = await loadDataset("shapes", []);
 * const sweep = checkSweep({
 *   name: "example",
 *   dataset: "shapes",
 *   networks: [{ name: "conv2", width: 0.02 }],
 *   algorithms: [{ name: "sbp", learningRate: 1 }],
 *   sparsities: [0.5],
 *   epochs: 1,
 * });
 * const [config] = configurationsOf(sweep, dataset);
 * const { layers, lastTestAccuracy } = run(config!, { dataset, device: "cpu", threads: 1 });
 * console.log(lastTestAccuracy, layers.map(({ name, kept, weights }) => `${name} ${kept}/${weights}`));
 * ```
 *
 * @example The projection that both algorithms are built on
 * ```ts
 * import assert from "node:assert/strict";
 * import { openNative, projectTopK, Vector } from "./mod.ts";
 *
 * await openNative();
 * using latent = Vector.from(Float32Array.of(0.9, 0.2, 0.7, 0.6), "float32");
 * using mask = new Vector(4, "float32");
 * projectTopK(latent, [{ offset: 0, length: 4, kept: 2 }], { by: "value", floor: 0.5 }, mask);
 * assert.deepEqual([...mask.download()], [1, 0, 1, 0]);
 * ```
 *
 * @module
 */

// The native core: the library, vectors and generators, masked networks, the projection and the update.
export { ensureNative, type NativeLibrary, openNative } from "./src/native/toolchain/setup.ts";
export type { Libtorch } from "./src/native/toolchain/libtorch.ts";
export * from "./src/native/mod.ts";

// What there is to compare, on what: a new one of each is its file and a line in its registry.
export type {
  Algorithm,
  AlgorithmRole,
  Learner,
  LearnerContext,
} from "./src/algorithms/algorithm.ts";
export type { Ink, Mark } from "./src/algorithms/mark.ts";
export { algorithmOf, algorithms } from "./src/algorithms/registry.ts";
export {
  type SearchRange,
  searchRanges,
  type SearchSpace,
  searchSpaceOf,
} from "./src/algorithms/space.ts";
export { keptSegmentsOf, type Scope, scopeParameter } from "./src/algorithms/scope.ts";
export {
  type DescentOverride,
  type DescentParameters,
  descentParameters,
  omitDefault,
} from "./src/algorithms/hyperparameters.ts";

export { sha256 } from "./src/datasets/checksum.ts";

// One's own: a module with algorithms, networks and data sets, loaded once.
export { type Extension } from "./src/extensions/exports.ts";
export { type UsedModule, useModule } from "./src/extensions/modules.ts";
export {
  type Layer,
  type Network,
  type NetworkSource,
  type PlainLayer,
  type Purpose,
  type Segment,
  segmentsOf,
  type Shape,
  weightCount,
} from "./src/networks/network.ts";
export type { DescribedLayer, PlainDescribedLayer } from "./src/networks/described.ts";
export { networkOf, networks } from "./src/networks/registry.ts";
export {
  type Dataset,
  DatasetError,
  type DatasetSource,
  type Download,
  type ExtractedFile,
  type PackedSplit,
  type Split,
} from "./src/datasets/dataset.ts";
export { datasets, loadDataset } from "./src/datasets/registry.ts";
export { validationOf } from "./src/datasets/validation.ts";

// One run: a configuration in, a result out.
export type { Initialisation, RunConfig } from "./src/training/config.ts";
export { environmentOf } from "./src/runs/environment.ts";
export { identityOf } from "./src/runs/identity.ts";
export { run } from "./src/training/run.ts";
export type { RunOptions } from "./src/training/run_options.ts";
export type { Subnetwork } from "./src/training/subnetwork.ts";
export type {
  Controls,
  EpochResult,
  LayerKept,
  RunProgress,
  RunResult,
  SpeedSample,
  SpeedSummary,
} from "./src/training/result.ts";
export {
  type PartProfile,
  type Profile,
  type ProfileOptions,
  profileStep,
  stepConfigOf,
} from "./src/diagnostics/profile.ts";
export { type Replay, replayGoldens, replayTolerance } from "./src/goldens/replay.ts";

// Sweeps, their run files, and the tables made of them.
export { configurationsOf } from "./src/sweep/expand.ts";
export { checkSweep, readSweep } from "./src/sweep/read.ts";
export type { TuneSection } from "./src/sweep/tune_schema.ts";
export type { AlgorithmPair } from "./src/sweep/compare_schema.ts";
export type {
  AlgorithmEntry,
  DependentValue,
  ParameterValues,
  Sweep,
  Value,
} from "./src/sweep/schema.ts";
export { type Environment, type RunFile, runFileOf, writeRunFile } from "./src/runs/run_file.ts";
export { type InvalidRunFile, readRunFolder, type RunFolder } from "./src/runs/run_folder.ts";
export { encodeTicket, readTicket, type Ticket } from "./src/tickets/ticket.ts";
export { type Overlap, overlapOf } from "./src/tickets/compare.ts";
export { exportTicket, type TicketFormat } from "./src/tickets/export.ts";
export { maskedWeightsOf, rebuildNetwork } from "./src/tickets/rebuild.ts";
export { readBestSettings, writeTables } from "./src/report/mod.ts";

// Tuning: what is tried, and what is chosen of it.
export {
  type EntrySearch,
  type Trial,
  type TuningPlan,
  tuningPlanOf,
  writeTuning,
} from "./src/tuning/mod.ts";

// The regression check.
export {
  type Baseline,
  type BaselineCell,
  type BaselineEnvironment,
  baselineOf,
  type BaselineRun,
  baselineTextOf,
  readBaseline,
} from "./src/regression/baseline.ts";
export { type CellCheck, type RoundCounts, type Verdict } from "./src/regression/types.ts";
export { compareWithBaseline } from "./src/regression/compare.ts";
export { compareInRounds } from "./src/regression/rounds.ts";
export {
  defaultRules,
  type Gate,
  type MetricName,
  type Rule,
  type Rules,
} from "./src/regression/rules.ts";
export type { Interval } from "./src/base/statistics.ts";
export { UserError } from "./src/base/errors.ts";
