// A baseline: the outcomes of finished runs, small enough to be committed and read in a diff.
import { createHash } from "node:crypto";
import { z } from "zod";
import { digestSchema } from "../base/digest.ts";
import { UserError } from "../base/errors.ts";
import { parseWrittenJsonAs, readUserFile } from "../base/json.ts";
import { shortTextOf, strictObject } from "../base/schema_errors.ts";
import { median, summarise } from "../base/statistics.ts";
import { plainText } from "../base/text.ts";
import { reproducibilityFields } from "../runs/environment.ts";
import { canonicalJson, identityOf } from "../runs/identity.ts";
import { labelOf } from "../runs/label.ts";
import { type Environment, environmentSchema, type RunFile } from "../runs/run_file.ts";
import { configurationSchema, type RunConfig } from "../training/config.ts";
import type { RunResult } from "../training/result.ts";
import { invariantsOf } from "./invariants.ts";

/** Raised when the format of baselines changes so that older ones can't be read. */
const FORMAT = 2;

const runSchema = strictObject({
  seed: z.int().min(0),
  identity: digestSchema,
  /** After the last epoch, in [0, 1]. */
  accuracy: z.number().min(0).max(1),
  /** SHA-256 of all epochs' losses and accuracies. */
  losses: digestSchema,
  /** SHA-256 of the final mask. */
  mask: digestSchema,
  /** How many weights of every layer the final mask keeps; older baselines don't say. */
  kept: z.record(plainText, z.int().min(0)).exactOptional(),
  /** SHA-256 of the first batch; older baselines don't say, nor those of runs in which nothing is learnt. */
  firstBatch: digestSchema.exactOptional(),
  /** Mean over the rounds. */
  imagesPerSecond: z.number().min(0),
  /** The speed in quiet stretches, see `speedSummaryOf`; missing where no stretch was quiet. */
  speed: strictObject({
    /** Mean over the rounds. */
    imagesPerSecond: z.number().positive(),
    /** Images in the time of the reference, round by round; `null` where no stretch was quiet. */
    rounds: z.array(z.number().positive().nullable()).min(1),
  }).optional(),
  /** Median over the rounds. */
  peakMemoryBytes: z.int().min(0),
  /** Its index in `environments`. */
  environment: z.int().min(0),
}) satisfies z.ZodType<BaselineRun>;

const baselineEnvironmentSchema = environmentSchema.omit({ started: true, finished: true });

/** What a baseline may say. */
export const baselineSchema = strictObject({
  format: z.literal(FORMAT, {
    error: ({ input }) =>
      input === undefined
        ? `is missing: expected ${FORMAT}`
        : `${shortTextOf(input)} is another format of baselines than ${FORMAT}: ` +
          "make it again with `deno task baseline`",
  }),
  environments: z.array(baselineEnvironmentSchema).min(1),
  cells: z.array(strictObject({
    /** The configuration of its runs, except for the seed. */
    configuration: configurationSchema.omit({ seed: true }),
    runs: z.array(runSchema).min(1),
  })).min(1),
});

/** One run of a baseline. */
export interface BaselineRun {
  /** In which runs of a cell differ. */
  readonly seed: number;
  /** That of its configuration. */
  readonly identity: string;
  /** After the last epoch, in [0, 1]. */
  readonly accuracy: number;
  /** SHA-256 of all epochs' losses and accuracies. */
  readonly losses: string;
  /** SHA-256 of the final mask. */
  readonly mask: string;
  /** How many weights of every layer the final mask keeps; older baselines don't say. */
  readonly kept?: Readonly<Record<string, number>>;
  /** SHA-256 of the first batch; older baselines don't say, nor those of runs in which nothing is learnt. */
  readonly firstBatch?: string;
  /** Mean over the rounds. */
  readonly imagesPerSecond: number;
  /**
   * The speed in quiet stretches, as a mean over the rounds, and the images in the time of the reference, round by round,
   * `null` where no stretch was quiet; missing where none was at all.
   */
  readonly speed?: {
    readonly imagesPerSecond: number;
    readonly rounds: readonly (number | null)[];
  } | undefined;
  /** Median over the rounds. */
  readonly peakMemoryBytes: number;
  /** Its index in `environments`. */
  readonly environment: number;
}

/** The environment of a run, except for its times. */
export type BaselineEnvironment = Omit<Environment, "started" | "finished">;

/** Runs that differ in their seed alone. */
export interface BaselineCell {
  /** What they have in common. */
  readonly configuration: Omit<RunConfig, "seed">;
  /** One for each seed. */
  readonly runs: readonly BaselineRun[];
}

/** The outcomes of finished runs. */
export interface Baseline {
  /** The format of the file. */
  readonly format: 2;
  /** What the runs were made with, each once. */
  readonly environments: readonly BaselineEnvironment[];
  /** The runs, by configuration. */
  readonly cells: readonly BaselineCell[];
}

/** The SHA-256 of all losses and accuracies of a run: equal where every bit is. */
export function lossesDigestOf({ epochs }: Pick<RunResult, "epochs">): string {
  const figures = epochs.map(({ trainLoss, trainAccuracy, testLoss, testAccuracy }) => [
    trainLoss,
    trainAccuracy,
    testLoss,
    testAccuracy,
  ]);
  return createHash("sha256").update(JSON.stringify(figures)).digest("hex");
}

/** The environment of a run, without its times. */
export function baselineEnvironmentOf(
  { started: _, finished: __, ...environment }: RunFile["environment"],
): BaselineEnvironment {
  return environment;
}

/**
 * The part of a run that a baseline keeps.
 * @param rounds the same run in several processes; the first is present, others may be missing
 * @param environment the index of its environment in the baseline
 */
export function baselineRunOf(
  rounds: readonly [RunFile, ...(RunFile | undefined)[]],
  environment: number,
): BaselineRun {
  const { identity, configuration, result } = rounds[0];
  const made = rounds.flatMap((run) => run?.result ?? []);
  const speeds = rounds.map((run) => run?.result.speed?.medians);
  const quiet = speeds.flatMap((speed) => speed?.imagesPerSecond ?? []);
  const mean = (values: readonly number[]) => Math.round(summarise(values).mean);
  return {
    seed: configuration.seed,
    identity,
    accuracy: result.lastTestAccuracy,
    losses: lossesDigestOf(result),
    mask: result.digest,
    ...invariantsOf(result),
    imagesPerSecond: mean(made.map(({ imagesPerSecond }) => imagesPerSecond)),
    ...(quiet.length > 0 && {
      speed: {
        imagesPerSecond: mean(quiet),
        rounds: speeds.map((speed) =>
          speed
            ? Number((speed.imagesPerSecond * (speed.matmul + speed.copy)).toPrecision(4))
            : null
        ),
      },
    }),
    peakMemoryBytes: Math.round(median(made.map(({ peakMemoryBytes }) => peakMemoryBytes))!),
    environment,
  };
}

/** Runs made in one process, and their name, which is their folder. */
export interface Round {
  readonly name: string;
  readonly runs: readonly RunFile[];
}

/**
 * Refuses rounds that are not the same runs with the same outcome, made in the same way.
 * @throws {UserError} that names the run
 */
export function ensureSameOutcomes([first, ...others]: readonly [Round, ...Round[]]): void {
  const keys = [...reproducibilityFields, "jobs"] as const;
  const ensureContains = (round: Round, other: Round) => {
    const present = new Set(round.runs.map(({ identity }) => identity));
    const missing = other.runs.find(({ identity }) => !present.has(identity));
    if (!missing) return;
    throw new UserError(
      `${round.name} has no run ${labelOf(missing.configuration)}, which ${other.name} has`,
    );
  };
  for (const other of others) {
    ensureContains(other, first);
    ensureContains(first, other);
    const otherRuns = indexByIdentity(other.runs);
    for (const run of first.runs) {
      const again = otherRuns.get(run.identity)!;
      const label = labelOf(run.configuration);
      const key = keys.find((key) => run.environment[key] !== again.environment[key]);
      if (key) {
        throw new UserError(
          `${label} was made with ${key} ${run.environment[key]} in ${first.name}, ` +
            `${again.environment[key]} in ${other.name}: rounds are made alike`,
        );
      }
      if (!hasSameBytes(run, again)) {
        throw new UserError(
          `${label} gave other losses or another mask in ${other.name} than in ${first.name}`,
        );
      }
    }
  }
}

/** Runs by their identities. */
export function indexByIdentity(runs: readonly RunFile[]): ReadonlyMap<string, RunFile> {
  return new Map(runs.map((run) => [run.identity, run]));
}

/** Whether losses, accuracies and mask of two runs are the same, to the last bit. */
export function hasSameBytes(one: RunFile, other: RunFile): boolean {
  return one.result.digest === other.result.digest &&
    lossesDigestOf(one.result) === lossesDigestOf(other.result);
}

/**
 * A baseline of finished runs, its cells and their seeds in ascending order.
 * @param runs whose accuracies, bytes and environments it keeps
 * @param again the same runs in other processes, of which only speed and memory are used, see `ensureSameOutcomes`
 */
export function baselineOf(
  runs: readonly RunFile[],
  ...again: readonly (readonly RunFile[])[]
): Baseline {
  const environments = new Map<string, BaselineEnvironment>();
  const cells = new Map<string, RunFile[]>();
  for (const run of runs) {
    const environment = baselineEnvironmentOf(run.environment);
    const { seed: _, ...configuration } = run.configuration;
    environments.set(canonicalJson(environment), environment);
    const key = canonicalJson(configuration);
    cells.set(key, [...cells.get(key) ?? [], run]);
  }
  const sorted = <T>(map: Map<string, T>) => [...map].sort(([a], [b]) => a < b ? -1 : 1);
  const environmentKeys = sorted(environments).map(([key]) => key);
  const rounds = again.map(indexByIdentity);
  return {
    format: FORMAT,
    environments: sorted(environments).map(([, environment]) => environment),
    cells: sorted(cells).map(([, runs]) => {
      const { seed: _, ...configuration } = runs[0]!.configuration;
      return {
        configuration,
        runs: runs.map((run) =>
          baselineRunOf(
            [run, ...rounds.map((round) => round.get(run.identity))],
            environmentKeys.indexOf(canonicalJson(baselineEnvironmentOf(run.environment))),
          )
        ).sort((a, b) => a.seed - b.seed),
      };
    }),
  };
}

/** The text of its file: sorted keys, and a line for each run, so that a diff shows what changed. */
export function baselineTextOf({ format, environments, cells }: Baseline): string {
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
  const missing = `does not exist: "deno task baseline DIR > ${shown}" makes it`;
  return parseBaseline(await readUserFile(path, shown, missing), shown);
}

/** Reads a baseline from the text of its file. @param shown how the file is called in messages */
export function parseBaseline(text: string, shown: string): Baseline {
  const baseline = parseWrittenJsonAs(baselineSchema, text, shown) as Baseline;
  const [fault] = contradictionsIn(baseline);
  if (fault !== undefined) throw new UserError(`${shown}: ${fault}`);
  return baseline;
}

function contradictionsIn({ environments, cells }: Baseline): string[] {
  return cells.flatMap(({ configuration, runs }, cell) =>
    runs.flatMap(({ seed, identity, environment }, run) => {
      const path = `cells[${cell}].runs[${run}]`;
      if (environment >= environments.length) {
        return [`${path}.environment: ${environment} is none of its ${environments.length}`];
      }
      if (identityOf({ ...configuration, seed }) === identity) return [];
      return [`${path}.identity: is not that of its configuration and seed`];
    })
  );
}
