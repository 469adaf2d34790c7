// Where a tuning looks for hyper-parameters: a range beside each that is worth searching.
import { z } from "zod";

/** The value of a hyper-parameter. */
export type Value = number | string | boolean;

/** The values that are tried of a hyper-parameter; exactly one of `log`, `linear` and `among`. */
export interface SearchRange {
  /** Both ends, uniform in the logarithm. */
  readonly log?: readonly [number, number] | undefined;
  /** Share of the tries, in (0, 1), that take exactly 0 instead: no logarithm comes to it. */
  readonly zero?: number | undefined;
  /** Both ends, uniform. */
  readonly linear?: readonly [number, number] | undefined;
  /** Each as often as the others. */
  readonly among?: readonly Value[] | undefined;
}

/** Ranges by hyper-parameter. */
export type SearchSpace = Readonly<Record<string, SearchRange>>;

/** The ranges that the algorithms' files state: `z.number()….register(searched, { linear: [0, 1] })`, as its last call. */
export const searchRanges = z.registry<SearchRange>();

/** The space that an algorithm's file states; what has no range in it is left as it is. */
export function searchSpaceOf(
  { parameters }: { readonly parameters: z.ZodObject<z.ZodRawShape> },
): SearchSpace {
  const ranges = Object.entries(parameters.shape).map(([name, schema]) =>
    [name, searchRanges.get(schema as z.ZodType)] as const
  );
  return Object.fromEntries(ranges.filter(([, range]) => range)) as SearchSpace;
}

/** Digits of a value that is tried, where they will do: a recipe is to be read. */
const DIGITS = 3;

/** Part of its range by which a value may be rounded. */
const COARSE = 0.005;

/**
 * The value at a place of a range.
 * @param place in [0, 1): equal lengths are equally likely
 * @param whole whether only whole numbers will do
 */
export function valueAt(
  { log, zero = 0, linear, among }: SearchRange,
  place: number,
  whole = false,
): Value {
  if (among) return among[Math.floor(place * among.length)]!;
  if (place < zero) return 0;
  const within = (place - zero) / (1 - zero);
  const [low, high] = (log ?? linear)!;
  const ratio = high / low;
  const value = !log
    ? low + (high - low) * within
    : Number.isFinite(ratio)
    ? low * ratio ** within
    : Math.exp(Math.log(low) * (1 - within) + Math.log(high) * within);
  if (whole) return Math.round(value);
  const range = log ? { log } : { linear: linear! };
  for (let digits = DIGITS; digits < 17; digits++) {
    const rounded = Number(value.toPrecision(digits));
    const moved = positionInRange(range, rounded)! - within;
    if (low <= rounded && rounded <= high && Math.abs(moved) <= COARSE) return rounded;
  }
  return Math.min(Math.max(value, low), high);
}

/**
 * Where between the ends of its range a value lies: 0 at the lower, 1 at the upper; nothing where it has no order, or is
 * none of a list.
 */
export function positionInRange(
  { log, linear, among = [] }: SearchRange,
  value: Value,
): number | undefined {
  if (typeof value !== "number") return undefined;
  if (log) {
    const [low, high] = log.map(Math.log) as [number, number];
    return value === 0 ? undefined : (Math.log(value) - low) / (high - low);
  }
  const numbers = among.filter((one) => typeof one === "number");
  if (numbers.length < among.length) return undefined;
  if (linear) return (value - linear[0]) / (linear[1] - linear[0]);
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = sorted.indexOf(value);
  return sorted.length < 2 || place < 0 ? undefined : place / (sorted.length - 1);
}

/** A range in words: `0.03 to 30, log, or 0`. */
export function rangeTextOf({ log, zero, linear, among }: SearchRange): string {
  if (among) return among.join(" | ");
  const [low, high] = (log ?? linear)!.map((end) => Number(end.toPrecision(12))); // 6e-3 / 10 is not 6e-4
  return `${low} to ${high}${log ? ", log" : ""}${zero ? ", or 0" : ""}`;
}
