// What all handles share: each is freed once, by `using`, by `free()`, or else when it is garbage.
import { checkStatus, NativeError, nativeFunctions } from "./library.ts";

type Family = "generator" | "vector" | "dataset" | "batch" | "network" | "step";

const collected = new FinalizationRegistry<() => void>((free) => free());

/** An object of the native core. Use it with `using`, or call `free()`. */
export abstract class Handle implements Disposable {
  #pointer: bigint;
  readonly #free: () => void;
  readonly #family: Family;

  /** Creates it in the core. @param create writes the new handle to its argument, and gives the call's status */
  protected constructor(family: Family, create: (out: BigUint64Array<ArrayBuffer>) => number) {
    const out = new BigUint64Array(1);
    checkStatus(create(out));
    const pointer = out[0]!;
    const library = nativeFunctions();
    const release = library[`mb_${family}_free`];
    this.#family = family;
    this.#pointer = pointer;
    this.#free = () => checkStatus(release(pointer));
    collected.register(this, () => release(pointer), this);
  }

  /** Its address, for native calls. @throws {NativeError} once it is freed */
  get pointer(): bigint {
    if (!this.#pointer) throw new NativeError("invalid", `this ${this.#family} is freed already`);
    return this.#pointer;
  }

  /** Frees it; a second call does nothing. */
  free(): void {
    if (!this.#pointer) return;
    this.#pointer = 0n;
    collected.unregister(this);
    this.#free();
  }

  /** Frees it at the end of a block that says `using`. */
  [Symbol.dispose](): void {
    this.free();
  }
}
