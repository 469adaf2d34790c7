// Masks that are drawn: the noise, the relaxed draw, and the projection of its probabilities.
import { checkStatus, nativeFunctions } from "./library.ts";
import type { KeptSegment } from "./projection.ts";
import type { Vector } from "./vector.ts";

/**
 * Uniform draws from (0, 1), never 0 or 1: they depend on key, draw and index alone, and are the same on every device.
 * @param key 0 to 2^53
 * @param draw its number, 0 to 2^53
 */
export function drawNoise(into: Vector, key: number, draw: number): void {
  checkStatus(nativeFunctions().mb_noise(into.pointer, BigInt(key), BigInt(draw)));
}

/**
 * The relaxed draw of a mask, `mask = σ((logit p + logit u) / τ)`, and `slope = ∂mask/∂p`. As τ falls to 0 the mask becomes
 * 1 with probability p, else 0.
 * @param probability p, each from 0 to 1
 * @param noise u, each from (0, 1)
 * @param temperature τ, 0.001 to 1000
 */
export function relaxMask(
  probability: Vector,
  noise: Vector,
  temperature: number,
  mask: Vector,
  slope: Vector,
): void {
  const [p, u] = [probability.pointer, noise.pointer];
  checkStatus(nativeFunctions().mb_relax(p, u, temperature, mask.pointer, slope.pointer));
}

/**
 * Writes to each segment the nearest vector with entries in [0, 1] that sum up to at most `kept`: `clip(x − v, 0, 1)`, with
 * v = 0 where that does. The sum falls short by 0.001 at most, or by what a float32 v can't do better. Entries outside all
 * segments are left alone.
 */
export function projectCappedSimplex(vector: Vector, segments: readonly KeptSegment[]): void {
  for (const { offset, length, kept } of segments) {
    checkStatus(
      nativeFunctions().mb_project_capped_simplex(
        vector.pointer,
        BigInt(offset),
        BigInt(length),
        kept,
      ),
    );
  }
}
