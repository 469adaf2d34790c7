// The rules of a check: which loss counts, and whether it fails the check or only warns, by metric and for some cells.
import { UserError } from "../base/errors.ts";
import { describeUnknown } from "../base/schema_errors.ts";
import { selectableFactsOf } from "../runs/label.ts";
import type { BaselineCell } from "./baseline.ts";

/** The metrics that runs are compared by, besides their bytes. */
export const metricNames: readonly MetricName[] = ["accuracy", "speed", "memory"];
/** One of them. */
export type MetricName = "accuracy" | "speed" | "memory";

/** Whether a loss ends the check with exit code 1. */
export type Gate = "fail" | "warn";
/** Both. */
export const gates: readonly Gate[] = ["fail", "warn"];

/** A value for a metric, in all cells or in those that have a fact, such as a network. */
export interface Rule<Name extends string, Value> {
  /** What it is for. */
  readonly metric: Name;
  /** The fact that cells have; all cells without it. */
  readonly where?: { readonly key: string; readonly value: string } | undefined;
  /** A limit or a gate. */
  readonly value: Value;
}

/** The rules of a check; where several apply, the last counts. */
export interface Rules {
  /** The largest chance of any false alarm in a whole check, for each metric. */
  readonly level: number;
  /** Smaller losses don't count, however certain: points of accuracy, percent of speed and memory. */
  readonly limits: readonly Rule<MetricName, number>[];
  /** Whether a loss fails the check or only warns. */
  readonly gates: readonly Rule<"bytes" | MetricName, Gate>[];
}

/** Bytes and accuracy fail; speed and memory, which depend on the machine, warn. */
export const defaultRules: Rules = {
  level: 0.005,
  limits: [
    { metric: "accuracy", value: 0.5 },
    { metric: "speed", value: 5 }, // A limit is half of the loss that the check is meant to detect.
    { metric: "memory", value: 40 },
  ],
  gates: [
    { metric: "bytes", value: "fail" },
    { metric: "accuracy", value: "fail" },
    { metric: "speed", value: "warn" },
    { metric: "memory", value: "warn" },
  ],
};

/** The value for a metric in a cell. */
export function valueFor<Name extends string, Value>(
  rules: readonly Rule<Name, Value>[],
  metric: Name,
  configuration: BaselineCell["configuration"],
): Value {
  const facts = selectableFactsOf({ ...configuration, seed: 0 });
  return rules.findLast(({ metric: name, where }) =>
    name === metric && (!where || facts[where.key] === where.value)
  )!.value;
}

/** The facts that rules on speed and memory may name: those are compared over all others together. */
const coarseFacts = ["dataset", "network", "width", "initialisation", "algorithm"];
const isByCell = (metric: string) => metric === "accuracy" || metric === "bytes";

/**
 * Reads `METRIC=VALUE` and `METRIC:KEY=VALUE=VALUE`, such as `speed=fail` and `speed:network=conv4=fail`.
 * @throws {UserError} that says what is allowed, for a metric, key or value that is not known
 */
export function parseRule<Name extends string, Value>(
  option: string,
  text: string,
  metrics: readonly Name[],
  parse: (text: string) => Value | undefined,
  allowed: string,
  cells: readonly Pick<BaselineCell, "configuration">[],
): Rule<Name, Value> {
  const errorOf = (what: string) => new UserError(`${option} ${text}: ${what}`);
  const [, name, key, wanted, given] = /^([^:=]+)(?::([^=]+)=(.+))?=([^=]+)$/.exec(text) ?? [];
  if (name === undefined || given === undefined) {
    throw errorOf(
      `expected METRIC=${allowed}, or METRIC:KEY=VALUE=${allowed} for some cells, such as network=conv4`,
    );
  }
  const metric = metrics.find((metric) => metric === name);
  if (metric === undefined) throw errorOf(describeUnknown(name, metrics));
  const value = parse(given);
  if (value === undefined) throw errorOf(`expected ${allowed}, not ${JSON.stringify(given)}`);
  if (key === undefined || wanted === undefined) return { metric, value };
  const facts = cells.map(({ configuration }) => selectableFactsOf({ ...configuration, seed: 0 }));
  const keys = [...new Set(facts.flatMap((fact) => Object.keys(fact)))]
    .filter((key) => key !== "seed" && (isByCell(metric) || coarseFacts.includes(key)));
  if (!keys.includes(key)) throw errorOf(describeUnknown(key, keys));
  const values = [...new Set(facts.flatMap((fact) => fact[key] ?? []))];
  if (!values.includes(wanted)) throw errorOf(describeUnknown(wanted, values));
  return { metric, where: { key, value: wanted }, value };
}
