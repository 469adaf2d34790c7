// Random numbers that depend on a seed alone, for what is drawn without the native core.
/** Numbers in [0, 1), 32 bits each: the generator mulberry32 (Tommy Ettinger, 2017). */
export function randomNumbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
