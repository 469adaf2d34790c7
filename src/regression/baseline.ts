// A baseline: what finished runs came to, small enough to be committed and read in a diff.
import { createHash } from "node:crypto";
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { RunConfig } from "../training/config.ts";
import { faultsOf, shown, strict } from "../sweep/faults.ts";
import { canonicalJson, identityOf } from "../sweep/identity.ts";
import { parseJson } from "../sweep/json.ts";
import { configurationSchema, environmentSchema, type RunFile } from "../sweep/store.ts";
import type { RunResult } from "../training/result.ts";
import { quietSpeed } from "./metrics.ts";

/** Raised when a baseline changes so that older ones can't be read any more. */
const FORMAT = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

const runSchema = strict({
  seed: z.int().min(0),
  identity: digest,
  /** After the last epoch, in [0, 1]. */
  accuracy: z.number().min(0).max(1),
  /** SHA-256 of all epochs' losses and accuracies. */
  losses: digest,
  /** SHA-256 of the final mask. */
  mask: digest,
  imagesPerSecond: z.number().min(0),
  /** Medians of quiet stretches, see `quietSpeed`; none where there were none. */
  speed: strict({
    imagesPerSecond: z.number().positive(),
    matmul: z.number().positive(),
    copy: z.number().positive(),
  }).optional(),
  peakMemoryBytes: z.int().min(0),
  /** Its place in `environments`. */
  environment: z.int().min(0),
});

const madeSchema = environmentSchema.omit({ started: true, finished: true });

const baselineSchema = strict({
  format: z.literal(FORMAT, {
    error: ({ input }) =>
      input === undefined
        ? `is missing: expected ${FORMAT}`
        : `${shown(input)} is another format of baselines than ${FORMAT}: ` +
          "make it anew with `deno task baseline`",
  }),
  environments: z.array(madeSchema).min(1),
  cells: z.array(strict({
    /** Of its runs, but for the seed. */
    configuration: configurationSchema.omit({ seed: true }),
    runs: z.array(runSchema).min(1),
  })).min(1),
});

/** One run of a baseline. */
export type BaselineRun = z.infer<typeof runSchema>;

/** What a run was made with, but for when. */
export type Made = z.infer<typeof madeSchema>;

/** Runs that differ by their seed alone. */
export interface BaselineCell {
  readonly configuration: Omit<RunConfig, "seed">;
  readonly runs: readonly BaselineRun[];
}

/** What finished runs came to. */
export interface Baseline {
  readonly format: typeof FORMAT;
  readonly environments: readonly Made[];
  readonly cells: readonly BaselineCell[];
}

/** Everything of a run's losses and accuracies, as one digest: equal where every bit is. */
export function lossesOf({ epochs }: Pick<RunResult, "epochs">): string {
  const figures = epochs.map(({ trainLoss, trainAccuracy, testLoss, testAccuracy }) => [
    trainLoss,
    trainAccuracy,
    testLoss,
    testAccuracy,
  ]);
  return createHash("sha256").update(JSON.stringify(figures)).digest("hex");
}

/** What a run was made with, but for when. */
export function madeOf({ started: _, finished: __, ...made }: RunFile["environment"]): Made {
  return made;
}

/** What a baseline keeps of a run. @param environment its place in the baseline's */
export function figuresOf(run: RunFile, environment: number): BaselineRun {
  const { identity, configuration, result } = run, speed = quietSpeed(result);
  return {
    seed: configuration.seed,
    identity,
    accuracy: result.lastTestAccuracy,
    losses: lossesOf(result),
    mask: result.digest,
    imagesPerSecond: Math.round(result.imagesPerSecond),
    ...(speed && {
      speed: {
        imagesPerSecond: Math.round(speed.imagesPerSecond),
        matmul: Number(speed.matmul.toPrecision(4)),
        copy: Number(speed.copy.toPrecision(4)),
      },
    }),
    peakMemoryBytes: result.peakMemoryBytes,
    environment,
  };
}

/** A baseline of finished runs, its cells and their seeds in ascending order. */
export function baselineOf(runs: readonly RunFile[]): Baseline {
  const environments = new Map<string, Made>(), cells = new Map<string, RunFile[]>();
  for (const run of runs) {
    const made = madeOf(run.environment), { seed: _, ...configuration } = run.configuration;
    environments.set(canonicalJson(made), made);
    const key = canonicalJson(configuration);
    cells.set(key, [...cells.get(key) ?? [], run]);
  }
  const sorted = <T>(map: Map<string, T>) => [...map].sort(([a], [b]) => a < b ? -1 : 1);
  const places = sorted(environments).map(([key]) => key);
  return {
    format: FORMAT,
    environments: sorted(environments).map(([, made]) => made),
    cells: sorted(cells).map(([, runs]) => {
      const { seed: _, ...configuration } = runs[0]!.configuration;
      return {
        configuration,
        runs: runs.map((run) =>
          figuresOf(run, places.indexOf(canonicalJson(madeOf(run.environment))))
        ).sort((a, b) => a.seed - b.seed),
      };
    }),
  };
}

/** Its text: sorted keys, a line for each run, so that a diff shows what moved. */
export function baselineText({ format, environments, cells }: Baseline): string {
  const list = (values: readonly string[], indent: string) =>
    `[\n${values.map((value) => indent + value).join(",\n")}\n${indent.slice(2)}]`;
  const cell = ({ configuration, runs }: BaselineCell) =>
    `{\n      "configuration": ${canonicalJson(configuration)},\n      "runs": ${
      list(runs.map((run) => canonicalJson(run)), "        ")
    }\n    }`;
  return `{\n  "format": ${format},\n  "environments": ${
    list(environments.map(canonicalJson), "    ")
  },\n  "cells": ${list(cells.map(cell), "    ")}\n}\n`;
}

/**
 * Reads a baseline.
 * @throws {UserError} that says what is wrong with it, and where
 */
export async function readBaseline(path: string, shown: string = path): Promise<Baseline> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UserError(`${shown} can't be read: ${(error as Error).message}`);
    }
    throw new UserError(`${shown} does not exist: "deno task baseline DIR > ${shown}" makes it`);
  }
  return parseBaseline(text, shown);
}

/** The same of a file's text. */
export function parseBaseline(text: string, shown: string): Baseline {
  const { json, faults: lost } = parseJson(text, shown);
  const { data, error } = baselineSchema.safeParse(json, { reportInput: true });
  const [fault] = error ? faultsOf(error) : [...lost, ...contradictions(data as Baseline)];
  if (fault !== undefined) throw new UserError(`${shown}: ${fault}`);
  return data as Baseline;
}

function contradictions({ environments, cells }: Baseline): string[] {
  return cells.flatMap(({ configuration, runs }, cell) =>
    runs.flatMap(({ seed, identity, environment }, run) => {
      const place = `cells[${cell}].runs[${run}]`;
      if (environment >= environments.length) {
        return [`${place}.environment: ${environment} is none of its ${environments.length}`];
      }
      if (identityOf({ ...configuration, seed }) === identity) return [];
      return [`${place}.identity: is not that of its configuration and seed`];
    })
  );
}
