// All algorithms. A new one is its file and a line here.
import { Registry } from "../base/registry.ts";
import type { Algorithm } from "./algorithm.ts";
import { biprop } from "./biprop.ts";
import { dense } from "./dense.ts";
import { edgePopup } from "./edge_popup.ts";
import { gemMiner } from "./gem_miner.ts";
import { recordParameters } from "./hyperparameters.ts";
import { iterand } from "./iterand.ts";
import { magnitude } from "./magnitude.ts";
import { probMask } from "./prob_mask.ts";
import { random } from "./random.ts";
import { randomTrained } from "./random_trained.ts";
import { sbp } from "./sbp.ts";
import { smartRatio } from "./smart_ratio.ts";
import { zhou } from "./zhou.ts";

/** Those that are built in, and those that modules bring. */
export const algorithmRegistry: Registry<Algorithm> = new Registry("algorithm", [
  dense,
  magnitude,
  randomTrained,
  random,
  smartRatio,
  zhou,
  edgePopup,
  biprop,
  iterand,
  probMask,
  gemMiner,
  sbp,
]);

/** All algorithms, in the order in which tables show them. */
export const algorithms: readonly Algorithm[] = algorithmRegistry.all;

/** The algorithm of that name. @throws {UserError} if there is none */
export const algorithmOf = (name: string): Algorithm => algorithmRegistry.named(name);

/** The one that others are compared with where nothing else is said. */
export const referenceAlgorithm: Algorithm = algorithms.find(({ role }) => role === "reference")!;

/** What a configuration records of an algorithm's hyper-parameters where none is given; nothing if there is no such algorithm. */
export function defaultsOf(name: string): Readonly<Record<string, unknown>> {
  const algorithm = algorithms.find((algorithm) => algorithm.name === name);
  return algorithm ? recordParameters(algorithm, {}) : {};
}
