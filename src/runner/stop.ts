// The request to stop, which reaches threads in the middle of their computation.

/** A request to stop: made once, and seen by everyone who has this object or its flag. */
export class StopFlag {
  /** What a thread reads between two steps: 1 once it is to stop. */
  readonly flag: Int32Array<SharedArrayBuffer>;
  readonly #asked = Promise.withResolvers<void>();

  constructor() {
    this.flag = new Int32Array(new SharedArrayBuffer(4));
  }

  /** Makes the request. */
  ask(): void {
    Atomics.store(this.flag, 0, 1);
    this.#asked.resolve();
  }

  get isAsked(): boolean {
    return Atomics.load(this.flag, 0) === 1;
  }

  /** Fulfilled once the request is made. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }
}
