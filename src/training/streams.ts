// The named streams of random numbers that one seed drives: a draw added to one never shifts another.
import { createHash } from "node:crypto";
import { Generator } from "../native/mod.ts";

/** What is drawn: the fixed weights, the latent's start, the order of pictures, their augmentation. */
export const streamNames = ["weights", "latent", "order", "augmentation"] as const;
export type StreamName = (typeof streamNames)[number];

/** What is drawn after the last epoch, and so is in no checkpoint. */
export type LateStreamName = "controls";

/**
 * The seed of a stream, to give to `torch.manual_seed`: the first four bytes (big-endian) of the SHA-256 of
 * `maskbench/<seed>/<name>`. Four, because libtorch's generator takes no more than 32 bits of a seed into account.
 */
export function streamSeedOf(seed: number, name: StreamName | LateStreamName): number {
  return createHash("sha256").update(`maskbench/${seed}/${name}`).digest().readUInt32BE(0);
}

/** All streams of one seed. */
export type Streams = Readonly<Record<StreamName, Generator>>;

/** The generators of all streams, freed with `resources`. */
export function openStreams(seed: number, resources: DisposableStack): Streams {
  const streams = streamNames.map((
    name,
  ) => [name, resources.use(new Generator(streamSeedOf(seed, name)))]);
  return Object.fromEntries(streams) as Streams;
}
