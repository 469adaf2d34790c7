// How much a mask changes from one epoch to the next.
import { Vector } from "../native/mod.ts";

/** Watches the mask of a learner, by its bytes: an entry is 0 or 1, and a byte is fetched sooner than a float. */
export class MaskChangeTracker {
  #bits: Vector<"uint8"> | undefined;

  /**
   * @param free frees the room for the bytes
   * @param before the mask that the first call compares with
   */
  constructor(readonly free: DisposableStack, public before?: Uint8Array<ArrayBuffer>) {}

  /**
   * The fraction of the mask's entries that differ from those of the last call, in [0, 1]; `undefined` at the first
   * call, and where there is no mask.
   */
  change(mask: Vector | null): number | undefined {
    if (!mask) return undefined;
    this.#bits ??= this.free.use(new Vector(mask.length, "uint8", mask.device));
    this.#bits.copyFrom(mask);
    const now = this.#bits.download() as Uint8Array<ArrayBuffer>, then = this.before;
    this.before = now;
    return then && differing(now, then) / now.length;
  }
}

function differing(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) count += a[i]! ^ b[i]!;
  return count;
}
