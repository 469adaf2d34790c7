// How much a mask changes from one epoch to the next.
import { Vector } from "../native/mod.ts";

/**
 * Watches the mask of a learner.
 * @param free frees the bytes it is compared by: an entry of a mask is 0 or 1, and a byte is fetched sooner than a float
 * @returns the fraction of the mask's entries that differ from those of the last call, in [0, 1]; `undefined` at the
 * first call, and where there is no mask
 */
export function maskWatch(free: DisposableStack): (mask: Vector | null) => number | undefined {
  let bits: Vector<"uint8"> | undefined, before: Uint8Array | undefined;
  return (mask) => {
    if (!mask) return undefined;
    bits ??= free.use(new Vector(mask.length, "uint8", mask.device));
    bits.copyFrom(mask);
    const now = bits.download(), then = before;
    before = now;
    return then && differing(now, then) / now.length;
  };
}

function differing(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) count += a[i]! ^ b[i]!;
  return count;
}
