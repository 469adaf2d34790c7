// Axes that hold all the data: domains with a margin, a break where far away figures would flatten the rest, and labels at
// the ends of lines that don't overlap.
import type { Interval, Summary } from "../../base/statistics.ts";

/** The low and the high end of an axis. */
export type Domain = [low: number, high: number];

/** The mean with one standard deviation to either side. */
export function spreadOf({ mean, deviation }: Summary): Interval {
  return { low: mean - (deviation ?? 0), high: mean + (deviation ?? 0) };
}

/** The domain from the lowest to the highest with a margin, but not beyond `limits` unless the data are. */
export function domainOf(
  intervals: readonly Interval[],
  limits: Domain = [-Infinity, Infinity],
): Domain {
  const low = Math.min(...intervals.map((one) => one.low));
  const high = Math.max(...intervals.map((one) => one.high));
  const margin = 0.06 * (high - low) || Math.max(0.5, 0.01 * Math.abs(high));
  return [
    Math.max(low - margin, Math.min(low, limits[0])),
    Math.min(high + margin, Math.max(high, limits[1])),
  ];
}

/**
 * Splits intervals in two where more than half of their whole range is empty.
 * @returns one group, or the upper and the lower
 */
export function groupsOf<One extends Interval>(intervals: readonly One[]): One[][] {
  const sorted = intervals.toSorted((a, b) => a.low - b.low || a.high - b.high);
  let top = -Infinity;
  let widest = 0;
  let start = 0;
  sorted.forEach(({ low, high }, i) => {
    if (i > 0 && low - top > widest) [widest, start] = [low - top, i];
    top = Math.max(top, high);
  });
  const range = top - (sorted[0]?.low ?? 0);
  return widest > range / 2 ? [sorted.slice(start), sorted.slice(0, start)] : [sorted];
}

/** Labels of a logarithmic axis: one, two and five times each power of ten in a domain above zero. */
export function logTicks([low, high]: Domain): number[] {
  const first = Math.floor(Math.log10(low));
  const count = Math.ceil(Math.log10(high)) - first + 1;
  return Array.from({ length: count }, (_, i) => 10 ** (first + i))
    .flatMap((power) => [power, 2 * power, 5 * power])
    .filter((value) => low <= value && value <= high);
}

/** Moves values apart until neighbours are at least `gap` away from each other, and no farther than needed. */
export function spreadApart(values: readonly number[], gap: number): number[] {
  // Groups of neighbours that touch are merged and laid out around their mean.
  const groups: { members: number[]; middle: number }[] = [];
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  for (const i of order) {
    let group = { members: [i], middle: values[i]! };
    for (let last = groups.at(-1); last; last = groups.at(-1)) {
      const reach = gap * (last.members.length + group.members.length) / 2;
      if (group.middle - last.middle >= reach - 1e-12) break;
      groups.pop();
      const members = [...last.members, ...group.members];
      group = { members, middle: members.reduce((sum, m) => sum + values[m]!, 0) / members.length };
    }
    groups.push(group);
  }
  const moved = [...values];
  for (const { members, middle } of groups) {
    members.forEach((i, rank) => moved[i] = middle + gap * (rank - (members.length - 1) / 2));
  }
  return moved;
}
