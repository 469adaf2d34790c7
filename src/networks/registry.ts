// All networks. A new one is its file and a line here.
import { UserError } from "../errors.ts";
import { conv2, conv4, conv6, conv8 } from "./conv.ts";
import { mlp } from "./mlp.ts";
import type { Network, NetworkSource } from "./network.ts";

/** All networks. */
export const networks: readonly NetworkSource[] = [mlp, conv2, conv4, conv6, conv8];

/**
 * The network of that name with `width` times its hidden channels and features, each rounded and at least 1.
 * @throws {UserError} if there is none of that name
 */
export function networkOf(name: string, width = 1): Network {
  const source = networks.find((network) => network.name === name);
  if (!source) {
    const known = networks.map((network) => network.name).join(", ");
    throw new UserError(`no network is called "${name}": there are ${known}`);
  }
  const layers = source.build((channels) => Math.max(1, Math.round(width * channels)));
  return { name, inputShape: source.inputShape, layers };
}
