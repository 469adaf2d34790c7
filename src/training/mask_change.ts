// How much a mask changes from one epoch to the next.
import type { Vector } from "../native/mod.ts";

/**
 * Watches the mask of a learner.
 * @returns the fraction of the mask's entries that differ from those of the last call, in [0, 1]; `undefined` at the
 * first call, and where there is no mask
 */
export function maskWatch(): (mask: Vector | null) => number | undefined {
  let before: Float32Array | undefined;
  return (mask) => {
    if (!mask) return undefined;
    const now = mask.download(), then = before;
    before = now;
    if (!then) return undefined;
    let differing = 0;
    for (let i = 0; i < now.length; i++) if (now[i] !== then[i]) differing++;
    return differing / now.length;
  };
}
