// How much a mask changes from one epoch to the next.
import { Vector } from "../native/mod.ts";

/** Follows the mask of a learner by its bytes: an entry is 0 or 1, and a byte is fetched sooner than a float. */
export class MaskChangeTracker {
  #bits: Vector<"uint8"> | undefined;

  /**
   * @param resources frees the vector of bytes
   * @param previous the mask that the first call compares with
   */
  constructor(
    readonly resources: DisposableStack,
    public previous?: Uint8Array<ArrayBuffer>,
  ) {}

  /**
   * Takes the mask of an epoch.
   * @returns the fraction of its entries that differ from those of the call before, in [0, 1]; nothing at the first call,
   * and where there is no mask
   */
  update(mask: Vector | null): number | undefined {
    if (!mask) return undefined;
    this.#bits ??= this.resources.use(new Vector(mask.length, "uint8", mask.device));
    this.#bits.copyFrom(mask);
    const bits = this.#bits.download() as Uint8Array<ArrayBuffer>, { previous } = this;
    this.previous = bits;
    return previous && differencesOf(bits, previous) / bits.length;
  }
}

function differencesOf(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) count += a[i]! ^ b[i]!;
  return count;
}
