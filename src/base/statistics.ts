// The statistics of tables and checks: mean and spread over seeds, 95% confidence intervals by Student's t, and Holm's
// correction.

// @ts-types="./jstat.d.ts"
import jstat from "jstat";

/** Size, mean and spread of one sample. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, divided by n − 1; `null` for a single value, which has no spread. */
  readonly deviation: number | null;
}

/** A 95% confidence interval, ends included. */
export interface Interval {
  /** The lower end. */
  readonly low: number;
  /** The upper end. */
  readonly high: number;
}

/** The difference of two means. */
export interface MeanDifference {
  readonly mean: number;
  /** `null` where the samples are too small, or without any spread: chance can then not be estimated. */
  readonly interval: Interval | null;
  /** The probability of a difference at least as large, either way, where the means are the same; `null` with no interval. */
  readonly p: number | null;
  /** The standard error of the mean, and Student's degrees of freedom; `null` with no interval. */
  readonly standardError: number | null;
  readonly degrees: number | null;
  /** Pairs, or the values of the smaller sample where they are not paired. */
  readonly n: number;
  readonly method: "paired" | "welch";
}

/**
 * Mean and standard deviation of a sample.
 * @throws {RangeError} if it is empty or holds anything but finite numbers
 */
export function summarise(values: readonly number[]): Summary {
  const first = values[0];
  if (first === undefined) throw new RangeError("there is no mean of no values");
  const invalid = values.find((value) => !Number.isFinite(value));
  if (invalid !== undefined) {
    throw new RangeError(`there is no mean of values with ${invalid} among them`);
  }
  const n = values.length;
  // Differences are taken from the first value, so that equal values have exactly that mean and a spread of exactly 0.
  const mean = first + values.reduce((sum, value) => sum + (value - first), 0) / n;
  if (n === 1) return { n, mean, deviation: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, deviation: Math.sqrt(squares / (n - 1)) };
}

/** The middle value, or the mean of the two in the middle; `null` where there are no values. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  if (sorted.length === 0) return null;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A quantile of Student's t, good to 1e-6; by default the factor of a two-sided 95% interval. */
export function tQuantile(degrees: number, p = 0.975): number {
  return jstat.studentt.inv(p, degrees);
}

/** The probability that Student's t is at most `t`. */
export function tProbability(t: number, degrees: number): number {
  return jstat.studentt.cdf(t, degrees);
}

/** The interval for the mean of a sample, or `null` with fewer than two values or no spread among them. */
export function meanInterval({ n, mean, deviation }: Summary): Interval | null {
  if (!deviation) return null;
  return studentTest(mean, deviation / Math.sqrt(n), n - 1).interval;
}

/**
 * The mean of `a[i] − b[i]`, for values that belong together pairwise.
 * @throws {RangeError} if the lengths differ, there are no values, or some are not finite
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): MeanDifference {
  if (a.length !== b.length) {
    throw new RangeError(`${a.length} values can't be paired with ${b.length}`);
  }
  const summary = summarise(a.map((value, i) => value - b[i]!));
  // Equal differences differ by rounding: 0.3 - 0.2 and 0.2 - 0.1 are not the same number.
  const rounding = 1e-12 * Math.max(...a.map(Math.abs), ...b.map(Math.abs));
  const { n, mean, deviation } = summary;
  const isTested = deviation !== null && deviation > rounding;
  const test = isTested ? studentTest(mean, deviation / Math.sqrt(n), n - 1) : noTest;
  return { mean, ...test, n, method: "paired" };
}

/**
 * The difference of the means of two independent samples whose spreads may differ, by Welch's method.
 * @throws {RangeError} if a sample is empty or not finite
 */
export function welchDifference(a: readonly number[], b: readonly number[]): MeanDifference {
  const x = summarise(a), y = summarise(b);
  const mean = x.mean - y.mean, n = Math.min(x.n, y.n);
  if (x.deviation === null || y.deviation === null || x.deviation + y.deviation === 0) {
    return { mean, ...noTest, n, method: "welch" };
  }
  const u = x.deviation ** 2 / x.n, v = y.deviation ** 2 / y.n;
  const degrees = (u + v) ** 2 / (u ** 2 / (x.n - 1) + v ** 2 / (y.n - 1));
  return { mean, ...studentTest(mean, Math.sqrt(u + v), degrees), n, method: "welch" };
}

const noTest = { interval: null, p: null, standardError: null, degrees: null };

function studentTest(
  mean: number,
  standardError: number,
  degrees: number,
): { interval: Interval; p: number; standardError: number; degrees: number } {
  const reach = tQuantile(degrees) * standardError;
  return {
    interval: { low: mean - reach, high: mean + reach },
    p: Math.min(1, 2 * tProbability(-Math.abs(mean / standardError), degrees)),
    standardError,
    degrees,
  };
}

/** Holm's step-down correction; nulls are not counted and stay. */
export function holm(ps: readonly (number | null)[]): (number | null)[] {
  const order = ps.flatMap((p, i) => p === null ? [] : [{ p, i }]).sort((a, b) => a.p - b.p);
  const adjusted: (number | null)[] = ps.map(() => null);
  let max = 0;
  order.forEach(({ p, i }, rank) => {
    max = Math.max(max, Math.min(1, (order.length - rank) * p));
    adjusted[i] = max;
  });
  return adjusted;
}

/** Numbers of values that are not searched beyond. */
export const MAX_COUNT = 1000;

/**
 * The number of values from which on a difference of `size` is significant at `level`, one-sided, with that deviation;
 * `MAX_COUNT` where it is no smaller.
 * @param prior degrees of freedom that the deviation has from elsewhere
 * @param sides 1: so many differences, such as of seeds; 2: so many before, and so many now
 */
export function valueCountFor(
  deviation: number,
  size: number,
  level: number,
  prior = 0,
  sides: 1 | 2 = 1,
): number {
  for (let n = 2; n < MAX_COUNT; n++) {
    const error = deviation * Math.sqrt(sides / n);
    if (tProbability(-size / error, prior + sides * (n - 1)) < level) return n;
  }
  return MAX_COUNT;
}
