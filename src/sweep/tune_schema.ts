// What the section `tune` of a sweep file may say: how many settings are tried, and in which ranges.
import { z } from "zod";
import { valueSchema } from "../algorithms/algorithm.ts";
import { algorithms } from "../algorithms/registry.ts";
import { rangeTextOf, type SearchRange, searchSpaceOf, type Value } from "../algorithms/space.ts";
import { distinctList, strictObject } from "../base/schema_errors.ts";

/** How `tune` chooses hyper-parameters, with defaults. */
export interface TuneSection {
  /** Settings of each algorithm, for each network and sparsity. */
  readonly tries: number;
  /** Seeds of every try. */
  readonly seeds: readonly number[];
  /** Epochs of every try; default those of the sweep. */
  readonly epochs?: number | undefined;
  /** Whether what the sweep itself gives is tried as well, as try 0. */
  readonly given: boolean;
  /** Hyper-parameters that are searched; default all that have a range. */
  readonly parameters?: readonly string[] | undefined;
  /** Where settings are looked for, by algorithm and hyper-parameter. */
  readonly spaces: Readonly<
    Record<string, Readonly<Record<string, SearchRange | undefined>> | undefined>
  >;
}

/** More tries than this are a mistake. */
export const MAX_TRIES = 9999;

const whole = { when: ({ issues }: { issues: readonly unknown[] }) => issues.length === 0 };

// The schema of the range in which a hyper-parameter with the values of `value` may be searched.
function rangeSchema(
  value: z.ZodType<Value>,
  declared: SearchRange | undefined,
): z.ZodType<SearchRange | undefined> {
  const among = distinctList(value, "value").optional().describe("each as often as the others");
  const kind = declared ? rangeTextOf(declared) : "not searched";
  if (!(value instanceof z.ZodNumber)) {
    return strictObject({ among }).refine((given) => given.among, {
      error: 'expected "among"',
      ...whole,
    })
      .optional().describe(`default: ${kind}`);
  }
  const ends = z.tuple([value, value], { error: "expected a list of two numbers" }).refine(
    ([low, high]) => low < high,
    {
      error: "expected the smaller end first",
      ...whole,
    },
  ).optional();
  return strictObject({
    log: ends.describe("both ends, uniform in the logarithm"),
    zero: z.number().gt(0).lt(1).optional()
      .describe("with log: the share of the tries that take exactly 0 instead"),
    linear: ends.describe("both ends, uniform"),
    among,
  }).refine(({ log, linear, among }) => [log, linear, among].filter(Boolean).length === 1, {
    error: 'expected one of "log", "linear" and "among"',
    ...whole,
  }).refine(({ log }) => !log || log[0] > 0, {
    path: ["log"],
    error: "expected ends over 0: the logarithm needs positive numbers",
    ...whole,
  }).refine(({ log, zero }) => zero === undefined || log && value.safeParse(0).success, {
    path: ["zero"],
    error: 'is for "log" alone, and for what may be 0',
    ...whole,
  }).optional().describe(`default: ${kind}`);
}

/** The section, checked, for the algorithms that there are by now. */
export function tuneSchema() {
  const spaces = algorithms.map((algorithm) => {
    const declared = searchSpaceOf(algorithm);
    const ranges = Object.entries(algorithm.parameters.shape).map(([name, schema]) =>
      [name, rangeSchema(valueSchema(schema) as z.ZodType<Value>, declared[name])] as const
    );
    return [algorithm.name, strictObject(Object.fromEntries(ranges)).optional()] as const;
  });

  const searchable = [...new Set(spaces.flatMap(([, space]) => Object.keys(space.unwrap().shape)))];

  return strictObject({
    tries: z.int().min(1).max(MAX_TRIES).default(16)
      .describe("settings of each algorithm, for each network and sparsity"),
    seeds: distinctList(z.int().min(0), "seed").default([1001])
      .describe("of every try; none of those that the sweep runs with"),
    epochs: z.int().min(1).max(1_000_000).optional()
      .describe("of every try; default those of the sweep"),
    given: z.boolean().default(false)
      .describe(
        "try what the sweep itself gives each algorithm as well, else its defaults, as try 0",
      ),
    parameters: distinctList(z.enum(searchable), "hyper-parameter").optional()
      .describe("hyper-parameters that are searched; default all that have a range"),
    spaces: strictObject(Object.fromEntries(spaces)).default({})
      .describe("where settings are looked for, by algorithm and hyper-parameter"),
  }).describe("how `tune` chooses hyper-parameters; of no matter for `bench`");
}
