// All networks. A new one is its file and a line here.
import { UserError } from "../base/errors.ts";
import { Registry } from "../base/registry.ts";
import { conv2, conv4, conv6, conv8 } from "./conv.ts";
import { type DescribedLayer, layersFromDescription } from "./described.ts";
import { lenet5 } from "./lenet.ts";
import { mlp } from "./mlp.ts";
import { mobilenetV1 } from "./mobilenet.ts";
import type { Network, NetworkSource, Shape } from "./network.ts";
import { resnet101, resnet18, resnet20, resnet50, wideResnet50 } from "./resnet.ts";
import { vgg16 } from "./vgg.ts";

/** Those that are built in, and those that modules bring. */
export const networkRegistry: Registry<NetworkSource> = new Registry("network", [
  mlp,
  lenet5,
  conv2,
  conv4,
  conv6,
  conv8,
  vgg16,
  mobilenetV1,
  resnet20,
  resnet18,
  resnet50,
  resnet101,
  wideResnet50,
]);

/** All networks. */
export const networks: readonly NetworkSource[] = networkRegistry.all;

/**
 * The network of that name with `width` times its hidden channels and features, each rounded and at least 1.
 * @param pictures what it reads; by default pictures as it was published for
 * @throws {UserError} if there is none of that name, or pictures are too small for it
 */
export function networkOf(
  name: string,
  width = 1,
  pictures?: { readonly inputShape: Shape; readonly classes: number },
): Network {
  const source = networkRegistry.named(name);
  const { inputShape, classes } = pictures ?? source;
  const mismatch = shapeMismatchOf(source, inputShape);
  if (mismatch) throw new UserError(mismatch);
  return {
    name,
    inputShape,
    layers: source.build({ scaled: scalingBy(width), inputShape, classes }),
  };
}

/** What a configuration says of a network: its name and width, and its layers where a sweep file describes them. */
export interface NetworkChoice {
  readonly name: string;
  readonly width: number;
  readonly layers?: readonly DescribedLayer[];
}

/**
 * The network that a configuration names or describes.
 * @throws {UserError} as `networkOf` does, and where the layers don't fit together or with the pictures
 */
export function chosenNetworkOf(
  { name, width, layers }: NetworkChoice,
  pictures: { readonly inputShape: Shape; readonly classes: number },
): Network {
  if (layers === undefined) return networkOf(name, width, pictures);
  const scaled = scalingBy(width);
  return {
    name,
    inputShape: pictures.inputShape,
    layers: layersFromDescription(layers, { scaled, ...pictures }),
  };
}

const scalingBy = (width: number) => (channels: number) =>
  Math.max(1, Math.round(width * channels));

/** Why a network can't read pictures of that shape, in a sentence; nothing where it can. */
export function shapeMismatchOf(
  { name, smallest = 1 }: NetworkSource,
  [, height, width]: Shape,
): string | undefined {
  if (Math.min(height, width) >= smallest) return undefined;
  return `${name} reads pictures of at least ${smallest} × ${smallest}, not of ${height} × ${width}`;
}
