// The names that a sweep file can use, for programs (a plain object) and for people (text).
import { z } from "zod";
import type { Algorithm } from "../algorithms/algorithm.ts";
import { rangeTextOf, searchSpaceOf } from "../algorithms/space.ts";
import type { DatasetSource } from "../datasets/dataset.ts";
import { type NetworkSource, weightCount } from "../networks/network.ts";

/** The registries to list. */
export interface Registries {
  readonly networks: readonly NetworkSource[];
  readonly datasets: readonly DatasetSource[];
  readonly algorithms: readonly Algorithm[];
}

/** A hyper-parameter of an algorithm. */
export interface CatalogueOption {
  readonly name: string;
  /** None of a hyper-parameter that came later, and is left out unless given, so that earlier identities stay. */
  readonly default?: unknown;
  /** `number, over 0` or `layer | global`. */
  readonly allowed: string;
  readonly description: string;
  /** The range that a tuning searches, if it does: `0.1 to 100, log`. */
  readonly searched?: string;
}

export type Catalogue = ReturnType<typeof catalogueOf>;

/** Everything by name, as `list --json` prints it. */
export function catalogueOf({ networks, datasets, algorithms }: Registries) {
  return {
    networks: networks.map(({ name, summary, source, inputShape, classes, build }) => ({
      name,
      summary,
      source,
      inputShape,
      weights: weightCount(build({ scaled: (channels) => channels, inputShape, classes })),
    })),
    datasets: datasets.map((dataset) => {
      const { name, summary, source, licence, shape, classes, trainCount, testCount } = dataset;
      return { name, summary, source, licence, shape, classes, trainCount, testCount };
    }),
    algorithms: algorithms.map((algorithm) => {
      const { name, summary, role, source, version, masks, learns } = algorithm;
      return { name, summary, role, source, version, masks, learns, options: optionsOf(algorithm) };
    }),
  };
}

function optionsOf(algorithm: Algorithm): CatalogueOption[] {
  const { properties = {} } = z.toJSONSchema(algorithm.parameters);
  const space = searchSpaceOf(algorithm);
  return Object.entries(properties).map(([name, property]) => {
    const schema = property as z.core.JSONSchema.Schema;
    return {
      name,
      ...(schema.default === undefined ? {} : { default: schema.default }),
      allowed: allowedBy(schema),
      description: schema.description ?? "",
      ...(space[name] ? { searched: rangeTextOf(space[name]) } : {}),
    };
  });
}

function allowedBy(schema: z.core.JSONSchema.Schema): string {
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.const !== undefined) return String(schema.const);
  if (schema.type === "boolean") return "true | false";
  const bounds = [
    schema.minimum === undefined ? [] : [`from ${schema.minimum}`],
    schema.exclusiveMinimum === undefined ? [] : [`over ${schema.exclusiveMinimum}`],
    schema.maximum === undefined ? [] : [`to ${schema.maximum}`],
    schema.exclusiveMaximum === undefined ? [] : [`under ${schema.exclusiveMaximum}`],
  ].flat();
  return [schema.type, bounds.join(" ")].filter((part) => part).join(" ");
}

/** The catalogue as text for a terminal, ending in a newline. */
export function catalogueTextOf({ networks, datasets, algorithms }: Catalogue): string {
  const sections = {
    Networks: networks.map((network) => [
      `${network.name}: ${network.summary}`,
      `${network.weights.toLocaleString("en")} weights, pictures of ${by(network.inputShape)}`,
      network.source,
    ]),
    "Data sets": datasets.map((dataset) => [
      `${dataset.name}: ${dataset.summary}`,
      `${dataset.classes.length} classes, pictures of ${by(dataset.shape)}: ` +
      `${dataset.trainCount.toLocaleString("en")} to train on, ` +
      `${dataset.testCount.toLocaleString("en")} to test on`,
      `${dataset.source}; licence: ${dataset.licence}`,
    ]),
    Algorithms: algorithms.map((algorithm) => [
      `${algorithm.name}: ${algorithm.summary} (${algorithm.role})`,
      algorithm.source,
      ...optionLines(algorithm.options),
    ]),
  };
  return Object.entries(sections).map(([title, entries]) => {
    const texts = entries.map(([first, ...rest]) =>
      [`  ${first}`, ...rest.map((line) => `      ${line}`)].join("\n")
    );
    return `${title}\n${texts.join("\n")}\n`;
  }).join("\n");
}

function optionLines(options: readonly CatalogueOption[]): string[] {
  const width = (textOf: (option: CatalogueOption) => string) =>
    Math.max(...options.map((option) => textOf(option).length));
  const value = (option: CatalogueOption) =>
    option.name + (option.default === undefined ? "" : ` = ${option.default}`);
  const allowed = (option: CatalogueOption) => option.allowed;
  return options.map((option) =>
    `${value(option).padEnd(width(value))}  ${allowed(option).padEnd(width(allowed))}  ` +
    option.description + (option.searched ? ` (tune: ${option.searched})` : "")
  );
}

function by(shape: readonly number[]): string {
  return shape.join(" × ");
}
