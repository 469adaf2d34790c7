// A ticket: the subnetwork of a run, in a file of a bit a weight. Its weights are not in it where they are those
// drawn at the start, as the seed gives them again.
//
// It is a safetensors file. Its tensors are `mask`, bits from the lowest of each byte up (without it all weights are kept);
// `statistics` of the network's normalisations; `weights`, the kept ones, where they are not those drawn. The metadata hold
// everything else as JSON, and a checksum of all of it.
import { join } from "node:path";
import { z } from "zod";
import { plainText } from "../base/text.ts";
import { writeFileAtomically } from "../base/atomic_files.ts";
import { digestSchema } from "../base/digest.ts";
import { UserError } from "../base/errors.ts";
import {
  decodeTensors,
  encodeTensors,
  type Tensor,
  tensorsChecksumOf,
} from "../base/safetensors.ts";
import { parseJsonAs } from "../base/json.ts";
import { readPlainFile } from "../base/plain_files.ts";
import type { Dataset } from "../datasets/dataset.ts";
import {
  type Layer,
  layersSchema,
  normalisedChannels,
  type Shape,
  weightCount,
} from "../networks/network.ts";
import { chosenNetworkOf } from "../networks/registry.ts";
import { identityOf } from "../runs/identity.ts";
import { type Environment, environmentSchema } from "../runs/run_file.ts";
import { configurationSchema, type RunConfig } from "../training/config.ts";
import type { Subnetwork } from "../training/subnetwork.ts";

/** Raised when a ticket changes so that older ones can't be read any more. */
const FORMAT = 1;

/** A subnetwork with all that it takes to use it. */
export interface Ticket extends Subnetwork {
  /** The run that it is of. */
  readonly configuration: RunConfig;
  /** The accuracy on the split that the configuration names, in [0, 1]. */
  readonly accuracy: number;
  /** Seeds of the named streams, to give to `torch.manual_seed`. */
  readonly streams: Readonly<Record<string, number>>;
  /** What the mask is of. */
  readonly network: { readonly inputShape: Shape; readonly layers: readonly Layer[] };
  /** A picture is fed as `(pixel / 255 − mean) / deviation`, by channel. */
  readonly pictures: {
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
    readonly classes: readonly string[];
  };
  /** What it was made with. */
  readonly environment: Pick<
    Environment,
    "maskbench" | "libtorch" | "blas" | "device" | "processor"
  >;
}

const environmentFields = ["maskbench", "libtorch", "blas", "device", "processor"] as const;

const size = z.int().min(1).max(1 << 20);
/** Means by channel, of pixels scaled to 0..1; a deviation of 0 would make every pixel infinite. */
const means = z.array(z.number().min(0).max(1)).min(1).max(4096);
const deviations = z.array(z.number().min(1e-6).max(1)).min(1).max(4096);

/** What the metadata `ticket` of a ticket's file may say. */
export const ticketSchema = z.strictObject({
  configuration: configurationSchema,
  accuracy: z.number().min(0).max(1),
  streams: z.record(plainText, z.int().min(0)),
  network: z.strictObject({
    inputShape: z.tuple([size, size, size]),
    layers: layersSchema,
  }),
  pictures: z.strictObject({
    mean: means,
    deviation: deviations,
    classes: z.array(plainText).min(1),
  }),
  environment: environmentSchema.pick({
    maskbench: true,
    libtorch: true,
    blas: true,
    device: true,
    processor: true,
  }).strict(),
  weightsDigest: digestSchema,
});

/** The ticket of a run. */
export function ticketOfRun(
  configuration: RunConfig,
  { subnetwork, accuracy, streams }: Pick<Ticket, "accuracy" | "streams"> & {
    readonly subnetwork: Subnetwork;
  },
  dataset: Pick<Dataset, "shape" | "classes" | "mean" | "deviation">,
  environment: Ticket["environment"],
): Ticket {
  const { shape, classes, mean, deviation } = dataset;
  const pictures = { inputShape: shape, classes: classes.length };
  const { layers } = chosenNetworkOf(configuration.network, pictures);
  const fields = environmentFields.map((key) => [key, environment[key]] as const);
  return {
    configuration,
    accuracy,
    streams,
    network: { inputShape: shape, layers },
    pictures: { mean, deviation, classes },
    environment: Object.fromEntries(fields) as unknown as Ticket["environment"],
    ...subnetwork,
  };
}

/** Where the tickets of a sweep's folder are. */
export const ticketsFolder = (folder: string): string => join(folder, "tickets");

/** The path of a run's ticket. */
export const ticketPathOf = (folder: string, identity: string): string =>
  join(ticketsFolder(folder), `${identity}.safetensors`);

/** @throws {WriteError} where it can't be written */
export async function writeTicket(folder: string, ticket: Ticket): Promise<void> {
  await writeFileAtomically(
    ticketPathOf(folder, identityOf(ticket.configuration)),
    encodeTicket(ticket),
  );
}

/** Bytes that a ticket has at most: a bit for each weight, and a header. */
const MAX_BYTES = 1 << 28;

/** Reads a ticket, whoever made it. @throws {UserError} that says what is wrong with it */
export async function readTicket(path: string, shown: string = path): Promise<Ticket> {
  try {
    return decodeTicket(await readPlainFile(path, MAX_BYTES));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(`${shown} is not there: expected a ticket that bench --save-mask made`);
    }
    if (error instanceof UserError) throw new UserError(`${shown} ${error.message}`);
    throw new UserError(`${shown} can't be read: ${(error as Error).message}`);
  }
}

/** The bytes of a ticket's file. */
export function encodeTicket(
  { mask, weights, statistics, ...header }: Ticket,
): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, Tensor> = {};
  if (mask) {
    const bytes = packBits(mask);
    tensors.mask = { type: "U8", shape: [bytes.length], bytes };
  }
  for (const [name, values] of Object.entries({ weights, statistics })) {
    if (!values) continue;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    tensors[name] = { type: "F32", shape: [values.length], bytes };
  }
  const metadata = {
    format: `maskbench ticket ${FORMAT}`,
    identity: identityOf(header.configuration),
    ticket: JSON.stringify(header),
  };
  const checksum = tensorsChecksumOf(tensors, metadata);
  return encodeTensors({ tensors, metadata: { ...metadata, checksum } });
}

/** Reads what `encodeTicket` made. @throws {UserError} that says why it is not to be trusted */
export function decodeTicket(file: Uint8Array): Ticket {
  const { tensors, metadata: { checksum, ...metadata } } = decodeTensors(file);
  if (metadata.format !== `maskbench ticket ${FORMAT}`) {
    throw new UserError(`is no ticket of format ${FORMAT}: ${metadata.format ?? "it has none"}`);
  }
  if (checksum !== tensorsChecksumOf(tensors, metadata)) {
    throw new UserError("is damaged: its checksum is another");
  }
  const data = parseJsonAs(ticketSchema, metadata.ticket ?? "", {
    noJson: () => new UserError("says nothing of its network: its metadata have no ticket"),
    invalid: (fault) => new UserError(`has a wrong header: ${fault}`),
  });
  if (metadata.identity !== identityOf(data.configuration)) {
    throw new UserError("is not of the run that it names: its identity is another");
  }
  if (!tensors.mask && !tensors.weights) throw new UserError("has neither a mask nor weights");
  const { layers } = data.network, n = weightCount(layers);
  const mask = tensors.mask && unpackBits(tensors.mask, n);
  const kept = mask ? mask.reduce((sum, bit) => sum + bit, 0) : n;
  const floats = (name: string, length: number) => {
    const tensor = tensors[name];
    if (!tensor) return undefined;
    if (tensor.type !== "F32" || tensor.bytes.length !== 4 * length) {
      throw new UserError(
        `has ${tensor.bytes.length} bytes of ${name}, expected ${length} of float32`,
      );
    }
    return new Float32Array(tensor.bytes.slice().buffer as ArrayBuffer);
  };
  const statistics = 2 * normalisedChannels(layers).reduce((sum, count) => sum + count, 0);
  if (statistics > 0 && !tensors.statistics) {
    throw new UserError("has no statistics of its network's normalisations");
  }
  return {
    ...data,
    mask,
    weights: floats("weights", kept),
    statistics: floats("statistics", statistics),
  };
}

function packBits(mask: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((bit, i) => bytes[i >> 3]! |= bit << (i & 7));
  return bytes;
}

function unpackBits({ type, bytes }: Tensor, n: number): Uint8Array<ArrayBuffer> {
  if (type !== "U8" || bytes.length !== Math.ceil(n / 8)) {
    throw new UserError(
      `has a mask of ${bytes.length} bytes, expected ${Math.ceil(n / 8)} for ${n} weights`,
    );
  }
  return Uint8Array.from({ length: n }, (_, i) => bytes[i >> 3]! >> (i & 7) & 1);
}
