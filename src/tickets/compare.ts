// How far two tickets keep the same weights, layer by layer, against what chance would give.
import { UserError } from "../base/errors.ts";
import { segmentsOf } from "../networks/network.ts";
import { networkNameOf } from "../runs/label.ts";
import type { Ticket } from "./ticket.ts";

/** The overlap of one layer, or of all together. */
export interface Overlap {
  /** The layer's, or `all`. */
  readonly name: string;
  /** How many it has. */
  readonly weights: number;
  /** How many weights each of the two keeps. */
  readonly kept: readonly [number, number];
  /** How many both keep. */
  readonly both: number;
  /** Mean and standard deviation of `both` for two masks that keep as many in each layer at random. */
  readonly chance: { readonly mean: number; readonly deviation: number };
}

/** The overlap of each layer, then of all. @throws {UserError} where the networks differ */
export function overlapOf(a: Ticket, b: Ticket): Overlap[] {
  const segments = segmentsOf(a.network.layers);
  if (JSON.stringify(segments) !== JSON.stringify(segmentsOf(b.network.layers))) {
    throw new UserError(
      `the tickets are of two networks, ${networkNameOf(a.configuration)} and ${
        networkNameOf(b.configuration)
      }: expected one`,
    );
  }
  const layers = segments.map(({ name, offset, length }): Overlap => {
    const bits = [a, b].map(({ mask }) =>
      mask?.subarray(offset, offset + length) ?? new Uint8Array(length).fill(1)
    ) as [Uint8Array, Uint8Array];
    const [first, second] = bits.map((mask) => mask.reduce((sum, bit) => sum + bit, 0)) as [
      number,
      number,
    ];
    // The overlap is hypergeometric: `first` draws from a layer of which `second` weights are kept.
    const mean = first * second / length;
    const variance = length > 1
      ? mean * (length - first) / length * (length - second) / (length - 1)
      : 0;
    return {
      name,
      weights: length,
      kept: [first, second],
      both: bits[0].reduce((sum, bit, i) => sum + (bit & bits[1][i]!), 0),
      chance: { mean, deviation: Math.sqrt(variance) },
    };
  });
  const sum = (countOf: (layer: Overlap) => number) =>
    layers.reduce((total, layer) => total + countOf(layer), 0);
  return [...layers, {
    name: "all",
    weights: sum(({ weights }) => weights),
    kept: [sum(({ kept }) => kept[0]), sum(({ kept }) => kept[1])],
    both: sum(({ both }) => both),
    chance: {
      mean: sum(({ chance }) => chance.mean),
      deviation: Math.sqrt(sum(({ chance }) => chance.deviation ** 2)),
    },
  }];
}
