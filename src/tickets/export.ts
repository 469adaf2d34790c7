// A ticket's masked weights, in full and by layer, for other programs: the state of PyTorch's `nn.Sequential`.
import { strToU8, zipSync } from "fflate";
import { encodeTensors, type Tensor } from "../base/safetensors.ts";
import { type Layer, normalisedChannels, segmentsOf, weightShapeOf } from "../networks/network.ts";
import { maskedWeightsOf } from "./rebuild.ts";
import type { Ticket } from "./ticket.ts";

/** All of them. */
export const ticketFormats: readonly TicketFormat[] = ["safetensors", "npz"];
/** A file of tensors: Hugging Face's format, or NumPy's. */
export type TicketFormat = "safetensors" | "npz";

/** The bytes of a file of that format. @throws {UserError} where the ticket's weights can't be made here */
export function exportTicket(ticket: Ticket, format: TicketFormat): Uint8Array<ArrayBuffer> {
  const tensors = stateDictOf(ticket);
  if (format === "npz") {
    const files = Object.entries(tensors).map(([name, tensor]) =>
      [`${name}.npy`, npy(tensor)] as const
    );
    // The time is fixed, so that the same ticket gives the same bytes.
    return zipSync(Object.fromEntries(files), { level: 6, mtime: new Date(1980, 0, 1) });
  }
  const { configuration: { dataset, network, algorithm, sparsity, seed }, accuracy } = ticket;
  const description = {
    dataset: dataset.name,
    network,
    algorithm: algorithm.name,
    sparsity,
    seed,
    accuracy,
  };
  return encodeTensors({
    tensors,
    metadata: { format: "pt", maskbench: JSON.stringify(description) },
  });
}

/** Tensors by the names that PyTorch gives them, in the shapes that it has them in. */
export function stateDictOf(ticket: Ticket): Record<string, Tensor> {
  const { network: { layers }, statistics } = ticket;
  const masked = maskedWeightsOf(ticket), names = stateNames(layers);
  const tensor = (values: Float32Array, shape: readonly number[]): Tensor => ({
    type: "F32",
    shape,
    bytes: new Uint8Array(values.slice().buffer),
  });
  const weights = segmentsOf(layers).map(({ offset, length, shape }, i) =>
    [names.weights[i]!, tensor(masked.subarray(offset, offset + length), shape)] as const
  );
  let offset = 0;
  const running = normalisedChannels(layers).flatMap((channels, i) =>
    ["running_mean", "running_var"].map((statistic) => {
      const values = statistics!.subarray(offset, offset += channels);
      return [`${names.normalisations[i]}.${statistic}`, tensor(values, [channels])] as const;
    })
  );
  return Object.fromEntries([...weights, ...running]);
}

/** Names that PyTorch's `nn.Sequential` of the layers gives to what they hold, in the order of the graph. */
function stateNames(
  layers: readonly Layer[],
): { readonly weights: readonly string[]; readonly normalisations: readonly string[] } {
  const weights: string[] = [], normalisations: string[] = [];
  const walk = (list: readonly Layer[], prefix: string) =>
    list.forEach((layer, index) => {
      const name = `${prefix}${index}`;
      if (weightShapeOf(layer)) weights.push(`${name}.weight`);
      if (layer.kind === "batch-norm") normalisations.push(name);
      if (layer.kind !== "residual") return;
      walk(layer.body, `${name}.body.`);
      walk(layer.shortcut, `${name}.shortcut.`);
    });
  walk(layers, "");
  return { weights, normalisations };
}

// A file in NumPy's format 1.0: a magic string, the length of a header, the header as a Python literal padded to 64 bytes.
function npy({ shape, bytes }: Tensor): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const file = new Uint8Array(10 + length + bytes.length);
  file.set([0x93, ...strToU8("NUMPY"), 1, 0, length & 255, length >> 8]);
  file.set(strToU8(`${header.padEnd(length - 1)}\n`), 10);
  file.set(bytes, 10 + length);
  return file;
}
