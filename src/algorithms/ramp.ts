// How a mask that is relaxed at first becomes binary.

/**
 * The share α of the projected mask: it rises evenly from 0, and is 1 from the fraction `ramp` of the steps on.
 * @param ramp in [0, 1]; 0: the mask is binary from the first step on
 * @param t steps done so far
 * @param steps of the whole run
 */
export function projectedShareAt(ramp: number, t: number, steps: number): number {
  return ramp === 0 ? 1 : Math.min(1, t / (ramp * steps));
}
