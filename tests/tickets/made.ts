// Tickets made without a run: any mask, any statistics, over weights drawn as runs draw them.
import { randomNumbersOf } from "../../src/base/random_numbers.ts";
import { normalisedChannels, segmentsOf, type Shape } from "../../src/networks/network.ts";
import { networkOf } from "../../src/networks/registry.ts";
import { type Ticket, ticketOfRun } from "../../src/tickets/ticket.ts";
import type { Initialisation, RunConfig } from "../../src/training/config.ts";
import { streamSeedOf } from "../../src/training/streams.ts";
import { keptWeightsOf, redrawWeights, weightsDigestOf } from "../../src/training/subnetwork.ts";

export const initialisation: Initialisation = { name: "kaiming-normal", scaleFan: false };

/** A ticket of a network for pictures of a shape and so many classes, of which half of the weights are kept. */
export function made(
  name: string,
  width: number,
  shape: Shape,
  classes: number,
  { initialisation: drawn = initialisation, seed = 1 } = {},
): Ticket {
  const configuration: RunConfig = {
    dataset: { name: "noise", checksum: "0".repeat(64), split: "test" },
    network: { name, width },
    initialisation: drawn,
    algorithm: { name: "random", version: 1, parameters: { scope: "layer" } },
    sparsity: 0.5,
    seed,
    epochs: 1,
    batchSize: 1,
    schedule: "constant",
    augmentation: "none",
    precision: "float32",
  };
  const { layers } = networkOf(name, width, { inputShape: shape, classes });
  const segments = segmentsOf(layers), random = randomNumbersOf(seed);
  const n = segments.reduce((sum, { length }) => sum + length, 0);
  const mask = Uint8Array.from({ length: n }, () => random() < 0.5 ? 1 : 0);
  const weights = streamSeedOf(seed, "weights");
  const statistics = normalisedChannels(layers).flatMap((channels) => [
    ...Array.from({ length: channels }, () => random() - 0.5),
    ...Array.from({ length: channels }, () => 0.5 + random()),
  ]);
  const subnetwork = {
    mask,
    weightsDigest: weightsDigestOf(
      keptWeightsOf(redrawWeights(configuration, weights, segments), mask),
    ),
    ...(statistics.length > 0 ? { statistics: Float32Array.from(statistics) } : {}),
  };
  const dataset = {
    shape,
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    mean: Array.from({ length: shape[0] }, () => 0.5),
    deviation: Array.from({ length: shape[0] }, () => 0.25),
  };
  const environment = { maskbench: "1", libtorch: "1", blas: "b", device: "cpu", processor: "p" };
  const about = { subnetwork, accuracy: 0.5, streams: { weights } };
  return ticketOfRun(configuration, about, dataset, environment as Ticket["environment"]);
}
