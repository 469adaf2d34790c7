// Which runs may be under way together: one whose process was killed before is alone among those that have kept nothing.
//
// The system kills a process, and all runs that are under way in it: where one of them is too large for the memory, it is
// not known which. The second time it is, and no other run is recorded as failed because of its neighbour.

/** Lets runs begin. A run is unproven until it has kept a checkpoint or ended. */
export class Admission {
  #unproven = 0;
  /** Whether one that is under suspicion is among them. */
  #isSuspect = false;
  #changed = Promise.withResolvers<void>();

  /**
   * Waits until the run may begin.
   * @param isSuspect whether its process was killed before
   * @returns what is to be called when it has kept a checkpoint, and when it has ended
   */
  async admit(isSuspect: boolean): Promise<() => void> {
    while (this.#isSuspect || isSuspect && this.#unproven > 0) await this.#changed.promise;
    this.#unproven++;
    this.#isSuspect = isSuspect;
    let isProven = false;
    return () => {
      if (isProven) return;
      isProven = true;
      this.#unproven--;
      if (isSuspect) this.#isSuspect = false;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    };
  }
}
