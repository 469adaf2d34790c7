// What a stage of `deno task gpu` is: something found out about the device, in a process and within a time of its own.
import type { Device } from "../../src/native/mod.ts";

/** What a stage is given. It is JSON: it goes to another process. */
export interface Context {
  readonly device: Device;
  /** On the CPU and with small settings: it shows that all of it works, and gives no figure worth quoting. */
  readonly rehearsal: boolean;
  /** The report's folder. */
  readonly out: string;
  /** A folder for what is needed during the stage alone. */
  readonly scratch: string;
  /** Folders that data sets are looked for in. */
  readonly folders: readonly string[];
  /** After so many seconds the stage's process is ended. */
  readonly seconds: number;
  /** What the stages gave so far, by name, this one's earlier starts included: a start that was cut off goes on. */
  readonly results: Results;
}

/** What stages gave, by name; each stage's file has the type of its own. */
export type Results = Readonly<Record<string, unknown>>;

/** Something that was promised, and what was found. */
export interface Target {
  /** Such as `conv4's step in float32: at most 1.5 ms`. */
  readonly what: string;
  /** `null`: not measured. */
  readonly measured: string | null;
  readonly met: boolean | null;
}

/** One file of `stages/` makes one of these, listed in `registry.ts`. */
export interface Stage<Result = unknown> {
  readonly name: string;
  /** Its heading in the report. */
  readonly title: string;
  /** Seconds it may take, on a GPU and in a rehearsal, where the processor may have a lot else to do. */
  readonly seconds: { readonly cuda: number; readonly cpu: number };
  /**
   * Does it, in a process of its own. Standard output belongs to the protocol: say things on standard error.
   * @param keep is given what there is so far, so that it is in the report even if the rest fails
   * @throws {Skip} where it can't be done here
   * @throws {Unfinished} where another start goes on
   */
  run(context: Context, keep: (result: Result) => void): Promise<Result>;
  /** Its part of the report, in Markdown; of a result that may not be whole. */
  section(result: Result): string;
  /** What is promised of it, measured or not. */
  targets?(results: Results): Target[];
}

/** The stage can't be done on this machine; the message says why. */
export class Skip extends Error {}

/** The stage's time is over and not all is done: another start goes on. */
export class Unfinished extends Error {}

/** A target on a figure that is to be at most, or at least, so much. */
export function target(
  what: string,
  value: number | null | undefined,
  isMet: (value: number) => boolean,
  shown: (value: number) => string,
): Target {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return { what, measured: null, met: null };
  }
  return { what, measured: shown(value), met: isMet(value) };
}
