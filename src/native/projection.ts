// The two operations on the flat vector that learning a mask consists of: projection and descent.
import { checkStatus, nativeFunctions } from "./library.ts";
import type { Vector } from "./vector.ts";

/** A part of the flat vector, and how many of its entries are kept. */
export interface KeptSegment {
  /** The index of its first entry. */
  readonly offset: number;
  /** Number of its entries. */
  readonly length: number;
  /** The number of entries to keep, at most. */
  readonly kept: number;
}

/** How entries are chosen, and what the mask is made of. */
export interface ProjectionOptions {
  /** Which entries are largest: by value, or by magnitude. */
  readonly by: "value" | "magnitude";
  /** Only entries above it are kept, so that fewer than `kept` may be; default −∞. */
  readonly floor?: number;
  /** 1, the default, writes the binary mask; below it, `(1 − alpha) · relaxed + alpha · bit`. */
  readonly alpha?: number;
  /**
   * What an entry is relaxed to: `clipped`, the default, to `clip(value, low, high)`; `relative`, for magnitudes alone, to
   * `min(1, |value| / 2τ)`, τ the smallest magnitude kept: to 1/2 at the threshold. It is 1 where τ is 0 or all entries are
   * kept, 0 where none is.
   */
  readonly relaxation?: "clipped" | "relative";
  /** Lower bound of the clip; default none. */
  readonly low?: number;
  /** Upper bound of the clip; default none. */
  readonly high?: number;
}

/**
 * Π_k: writes to `mask` a 1 for the `kept` largest entries of each segment, and 0 for the others. Ties: in stable
 * ascending order the earlier index is dropped first. Entries outside all segments are left alone.
 * @throws {NativeError} `not-a-number` if a segment holds a NaN
 */
export function projectTopK(
  values: Vector,
  segments: readonly KeptSegment[],
  options: ProjectionOptions,
  mask: Vector,
): void {
  const triples = new BigInt64Array(3 * segments.length);
  segments.forEach(({ offset, length, kept }, i) => {
    triples[3 * i] = BigInt(offset);
    triples[3 * i + 1] = BigInt(length);
    triples[3 * i + 2] = BigInt(kept);
  });
  checkStatus(
    nativeFunctions().mb_project_top_k(
      values.pointer,
      triples,
      BigInt(segments.length),
      options.by === "magnitude" ? 1 : 0,
      options.floor ?? -Infinity,
      options.alpha ?? 1,
      options.relaxation === "relative" ? 1 : 0,
      options.low ?? -Infinity,
      options.high ?? Infinity,
      mask.pointer,
    ),
  );
}

/** The update `v ← momentum · v + gradient + weightDecay · (latent − centre)`, `latent ← latent − rate · v`. */
export interface DescentOptions {
  /** Learning rate of this update. */
  readonly rate: number;
  /** What is kept of the velocity, in [0, 1). */
  readonly momentum: number;
  /** Pull towards the centre, as part of the gradient. */
  readonly weightDecay: number;
  /** What weight decay pulls towards; default 0. */
  readonly centre?: number;
  /** Multiply the gradient by sign(latent), as where the mask is chosen by magnitude. */
  readonly straightThrough?: boolean;
  /** Lower bound of the clip; default none. */
  readonly low?: number;
  /** Upper bound of the clip; default none. */
  readonly high?: number;
}

/**
 * One step of gradient descent on the latent vector, in one pass:
 *
 *     g = gradient (⊙ sign(latent), if straightThrough)
 *     velocity = momentum · velocity + g + weightDecay · (latent − centre)
 *     latent   = clip(latent − rate · velocity, low, high)
 */
export function descend(
  latent: Vector,
  velocity: Vector,
  gradient: Vector,
  options: DescentOptions,
): void {
  checkStatus(
    nativeFunctions().mb_descend(
      latent.pointer,
      velocity.pointer,
      gradient.pointer,
      options.straightThrough ? 1 : 0,
      options.rate,
      options.momentum,
      options.weightDecay,
      options.centre ?? 0,
      options.low ?? -Infinity,
      options.high ?? Infinity,
    ),
  );
}

/** The update of Adam; the moments' decay and the rest are PyTorch's by default. */
export interface AdamOptions {
  /** Learning rate of this update. */
  readonly rate: number;
  /** The number of this update, counted from 1. */
  readonly step: number;
  /** Decay of the first moment, 0 to below 1; default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment, 0 to below 1; default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment; default 1e−8. */
  readonly epsilon?: number;
  /** Pull of the latent to 0, as part of the gradient; default 0. */
  readonly weightDecay?: number;
  /** Lower bound of the clip; default none. */
  readonly low?: number;
  /** Upper bound of the clip; default none. */
  readonly high?: number;
}

/**
 * One step of Adam on the latent vector, in one pass:
 *
 *     g = gradient + weightDecay · latent
 *     first  = beta1 · first + (1 − beta1) · g,   second = beta2 · second + (1 − beta2) · g²
 *     latent = clip(latent − rate / (1 − beta1^step) · first / (√second / √(1 − beta2^step) + epsilon), low, high)
 */
export function descendAdam(
  latent: Vector,
  first: Vector,
  second: Vector,
  gradient: Vector,
  options: AdamOptions,
): void {
  checkStatus(
    nativeFunctions().mb_descend_adam(
      latent.pointer,
      first.pointer,
      second.pointer,
      gradient.pointer,
      BigInt(options.step),
      options.rate,
      options.beta1 ?? 0.9,
      options.beta2 ?? 0.999,
      options.epsilon ?? 1e-8,
      options.weightDecay ?? 0,
      options.low ?? -Infinity,
      options.high ?? Infinity,
    ),
  );
}
