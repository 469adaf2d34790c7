// The network of a ticket, rebuilt from the ticket alone.
import { UserError } from "../base/errors.ts";
import { type Device, MaskedNetwork, Vector } from "../native/mod.ts";
import { segmentsOf } from "../networks/network.ts";
import { keptWeightsOf, redrawWeights, weightsDigestOf } from "../training/subnetwork.ts";
import type { Ticket } from "./ticket.ts";

/**
 * The masked weights w ⊙ m of a ticket, length n.
 * @throws {UserError} where they are not those that the ticket was made with
 */
export function maskedWeightsOf(ticket: Ticket): Float32Array<ArrayBuffer> {
  const { configuration, streams, network, mask, environment } = ticket;
  const segments = segmentsOf(network.layers);
  const n = segments.reduce((sum, { length }) => sum + length, 0);
  const masked = new Float32Array(n);
  let kept = ticket.weights;
  if (!kept) {
    if (streams.weights === undefined) throw new UserError("the ticket has no seed of its weights");
    kept = keptWeightsOf(redrawWeights(configuration, streams.weights, segments), mask);
  }
  if (weightsDigestOf(kept) !== ticket.weightsDigest) {
    throw new UserError(
      "the weights that the seed gives here are not those of the ticket, which was made with " +
        `libtorch ${environment.libtorch} on ${environment.processor}: \`ticket export\` there ` +
        "writes them out",
    );
  }
  for (let i = 0, next = 0; i < n; i++) if (!mask || mask[i] === 1) masked[i] = kept[next++]!;
  return masked;
}

/** The network of a ticket and its masked weights on the device, ready for a pass, freed with `resources`. */
export function rebuildNetwork(
  ticket: Ticket,
  device: Device,
  resources: DisposableStack,
): { readonly network: MaskedNetwork; readonly weights: Vector } {
  const { configuration: { network: { name }, precision }, network, statistics } = ticket;
  const weights = resources.use(Vector.from(maskedWeightsOf(ticket), "float32", device));
  const masked = resources.use(new MaskedNetwork({ name, ...network }, precision, device));
  if (statistics) masked.statistics!.upload(statistics);
  return { network: masked, weights };
}
