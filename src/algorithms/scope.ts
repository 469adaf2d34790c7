// Which entries compete for being kept, and how many of them are kept.
import { z } from "zod";
import type { KeptSegment } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";

const scopes = z.enum(["layer", "global"]);

/** Which entries compete: those of one layer, or all of the network. */
export type Scope = "layer" | "global";

/** The hyper-parameter `scope` of every algorithm that masks. @param usual its default */
export const scopeParameter = (
  usual: Scope,
): z.ZodDefault<z.ZodEnum<{ layer: "layer"; global: "global" }>> =>
  scopes.default(usual).describe(
    "which entries compete: those of one layer, or all of the network",
  );

/**
 * The segments that the projection gets: with scope `layer` one for each layer, with scope `global` one for all.
 * Each keeps `n − int(sparsity · n)` of its n entries.
 *
 * @example One budget for each layer, or one for all
 * ```ts
 * import assert from "node:assert/strict";
 * import { keptSegmentsOf, segmentsOf } from "@maskbench/maskbench";
 *
 * const segments = segmentsOf([
 *   { kind: "linear", inputs: 10, outputs: 4 },
 *   { kind: "relu" },
 *   { kind: "linear", inputs: 4, outputs: 5 },
 * ]);
 * assert.deepEqual(keptSegmentsOf(segments, 0.75, "layer").map(({ kept }) => kept), [10, 5]);
 * assert.deepEqual(keptSegmentsOf(segments, 0.75, "global"), [{ offset: 0, length: 60, kept: 15 }]);
 * ```
 */
export function keptSegmentsOf(
  segments: readonly Segment[],
  sparsity: number,
  scope: Scope,
): KeptSegment[] {
  const length = segments.reduce((sum, segment) => sum + segment.length, 0);
  const competing = scope === "layer" ? segments : [{ offset: 0, length }];
  return competing.map(({ offset, length }) => ({
    offset,
    length,
    kept: length - Math.trunc(sparsity * length),
  }));
}

/**
 * k + round(max(0, fraction · n − k) · remaining) of each segment's n entries: what is kept while k falls from a fraction of
 * them, as `remaining` falls from 1 to 0. With remaining = (1 − t)³ it is the gradual schedule of Zhu and Gupta, 2017. On CUDA a step
 * is not recorded whose top-k projection has another k than the last one's.
 */
export function annealedSegmentsOf(
  kept: readonly KeptSegment[],
  fraction: number,
  remaining: number,
): KeptSegment[] {
  return kept.map(({ offset, length, kept }) => ({
    offset,
    length,
    kept: kept + Math.round(Math.max(0, fraction * length - kept) * remaining),
  }));
}
