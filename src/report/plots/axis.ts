// Axes that hold all the data: domains with some air, a break where far away figures would flatten the rest, and
// labels at the ends of lines that don't lie on each other.
import type { Interval, Summary } from "../../base/statistics.ts";

/** Low and high end of an axis. */
export type Domain = [low: number, high: number];

/** The mean with one standard deviation to either side. */
export function spreadOf({ mean, deviation }: Summary): Interval {
  return { low: mean - (deviation ?? 0), high: mean + (deviation ?? 0) };
}

/** From the lowest to the highest with air around, but not beyond `limits` where the data aren't. */
export function domainOf(
  intervals: readonly Interval[],
  limits: Domain = [-Infinity, Infinity],
): Domain {
  const low = Math.min(...intervals.map((one) => one.low));
  const high = Math.max(...intervals.map((one) => one.high));
  const air = 0.06 * (high - low) || Math.max(0.5, 0.01 * Math.abs(high));
  return [
    Math.max(low - air, Math.min(low, limits[0])),
    Math.min(high + air, Math.max(high, limits[1])),
  ];
}

/**
 * Splits where nothing lies in more than half of the whole range.
 * @returns one group, or the upper and the lower
 */
export function groupsOf<One extends Interval>(intervals: readonly One[]): One[][] {
  const sorted = intervals.toSorted((a, b) => a.low - b.low || a.high - b.high);
  let top = -Infinity, widest = 0, at = 0;
  sorted.forEach(({ low, high }, i) => {
    if (i > 0 && low - top > widest) [widest, at] = [low - top, i];
    top = Math.max(top, high);
  });
  const range = top - (sorted[0]?.low ?? 0);
  return widest > range / 2 ? [sorted.slice(at), sorted.slice(0, at)] : [sorted];
}

/** One, two and five times each power of ten in a domain above zero: what a logarithmic axis is labelled with. */
export function logTicks([low, high]: Domain): number[] {
  const first = Math.floor(Math.log10(low)), count = Math.ceil(Math.log10(high)) - first + 1;
  return Array.from({ length: count }, (_, i) => 10 ** (first + i))
    .flatMap((power) => [power, 2 * power, 5 * power])
    .filter((value) => low <= value && value <= high);
}

/** Moves values apart until neighbours are at least `gap` away from each other, as little as will do. */
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
    members.forEach((i, place) => moved[i] = middle + gap * (place - (members.length - 1) / 2));
  }
  return moved;
}
