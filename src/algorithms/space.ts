// Where a tuning searches for hyper-parameters: each that is worth searching has a range.
import { z } from "zod";
import type { ParametersSchema, SchemaRegistry } from "./schema_types.ts";

/** The value of a hyper-parameter. */
export type Value = number | string | boolean;

/** The values of a hyper-parameter that a tuning tries; exactly one of `log`, `linear` and `among` is given. */
export interface SearchRange {
  /** Both ends, uniform in the logarithm. */
  readonly log?: readonly [number, number] | undefined;
  /** Share of the tries, in (0, 1), that take exactly 0 instead, which no range of logarithms includes. */
  readonly zero?: number | undefined;
  /** Both ends, uniform. */
  readonly linear?: readonly [number, number] | undefined;
  /** Values that are tried equally often. */
  readonly among?: readonly Value[] | undefined;
}

/** Ranges, by hyper-parameter. */
export type SearchSpace = Readonly<Record<string, SearchRange>>;

/** The ranges that the files of algorithms state: `z.number()….register(searchRanges, { linear: [0, 1] })`. */
export const searchRanges: SchemaRegistry<SearchRange> = z.registry<SearchRange>();

/** The ranges that an algorithm's file states; a hyper-parameter without one is not searched. */
export function searchSpaceOf(
  { parameters }: { readonly parameters: ParametersSchema },
): SearchSpace {
  const ranges = Object.entries(parameters.shape).map(([name, schema]) =>
    [name, searchRanges.get(schema as z.ZodType)] as const
  );
  return Object.fromEntries(ranges.filter(([, range]) => range)) as SearchSpace;
}

/** Digits of a value that is tried, where so few suffice: people read recipes. */
const DIGITS = 3;

/** The part of its range by which a value may be rounded. */
const MAX_ROUNDING = 0.005;

/**
 * The value at a position of a range.
 * @param position in [0, 1): equal lengths are equally likely
 * @param isWhole whether the value is a whole number
 */
export function valueAt(
  { log, zero = 0, linear, among }: SearchRange,
  position: number,
  isWhole = false,
): Value {
  if (among) return among[Math.floor(position * among.length)]!;
  if (position < zero) return 0;
  const share = (position - zero) / (1 - zero);
  const [low, high] = (log ?? linear)!;
  const ratio = high / low;
  let value = low + (high - low) * share;
  if (log) {
    const logarithm = Math.log(low) * (1 - share) + Math.log(high) * share;
    value = Number.isFinite(ratio) ? low * ratio ** share : Math.exp(logarithm);
  }
  if (isWhole) return Math.round(value);
  const range = log ? { log } : { linear: linear! };
  for (let digits = DIGITS; digits < 17; digits++) {
    const rounded = Number(value.toPrecision(digits));
    const rounding = positionInRange(range, rounded)! - share;
    if (low <= rounded && rounded <= high && Math.abs(rounding) <= MAX_ROUNDING) return rounded;
  }
  return Math.min(Math.max(value, low), high);
}

/**
 * Where between the ends of its range a value lies: 0 at the lower, 1 at the upper; nothing where the range has no order, or
 * does not list the value.
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
  const numbers = among.filter((candidate) => typeof candidate === "number");
  if (numbers.length < among.length) return undefined;
  if (linear) return (value - linear[0]) / (linear[1] - linear[0]);
  const sorted = numbers.toSorted((a, b) => a - b);
  const index = sorted.indexOf(value);
  return sorted.length < 2 || index < 0 ? undefined : index / (sorted.length - 1);
}

/** A range in words: `0.03 to 30, log, or 0`. */
export function rangeTextOf({ log, zero, linear, among }: SearchRange): string {
  if (among) return among.join(" | ");
  const [low, high] = (log ?? linear)!.map((end) => Number(end.toPrecision(12))); // 6e-3 / 10 is not 6e-4
  return `${low} to ${high}${log ? ", log" : ""}${zero ? ", or 0" : ""}`;
}
