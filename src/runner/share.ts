// What a process is handed that works on the same runs as others of this machine, and what it says meanwhile: a request as
// one line of JSON on its standard input, and a message as one line of JSON on its standard output.
import { z } from "zod";
import { UserError } from "../base/errors.ts";
import { parseJsonAs } from "../base/json.ts";
import { identityOf } from "../runs/identity.ts";
import { configurationSchema, type RunConfig } from "../training/config.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import { executionOptionsSchema } from "./execution_options.ts";
import type { RunnerListener } from "./listener.ts";
import type { FailedRun } from "./runner.ts";

const requestSchema = z.strictObject({
  folder: z.string(),
  ...executionOptionsSchema.shape,
  runs: z.array(configurationSchema),
});

/** The runs, the folder of their results, and how they are executed. */
export type ShareRequest = Omit<z.infer<typeof requestSchema>, "runs"> & {
  readonly runs: readonly RunConfig[];
};

/** Parses a request. @throws {UserError} where it is none */
export function parseShareRequest(text: string): ShareRequest {
  const refuse = (fault: string) =>
    new UserError(`standard input holds no request of \`bench --gpus\`: ${fault}`);
  return parseJsonAs(requestSchema, text, { noJson: refuse, invalid: refuse });
}

/** A run that failed, by its identity. */
export type ShareFailure = Omit<FailedRun, "config"> & { readonly identity: string };

/** What a process says; a run is named by its identity. JSON has no NaN: it is null there. */
export type ShareMessage =
  | {
    readonly kind: "progress";
    readonly identity: string;
    readonly progress: {
      readonly [Key in keyof RunProgress]: RunProgress[Key] | null;
    };
  }
  | { readonly kind: "finished"; readonly identity: string; readonly result: RunResult }
  | { readonly kind: "failed"; readonly identity: string; readonly reason: string }
  | { readonly kind: "finishedElsewhere"; readonly identity: string }
  | { readonly kind: "note"; readonly text: string }
  /** The last one: what it has kept of runs that it did not finish, and the runs that failed. */
  | {
    readonly kind: "outcome";
    readonly checkpointed: number;
    readonly failed: readonly ShareFailure[];
  };

/** Parses a line of a process; nothing where it is no message, but printed by a module that a user brought. */
export function parseShareMessage(line: string): ShareMessage | undefined {
  try {
    const message = JSON.parse(line);
    return typeof message?.kind === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}

/** A listener that says what happens in messages. */
export function shareListener(say: (message: ShareMessage) => void): RunnerListener {
  return {
    begin: () => {},
    progress: (config, progress) =>
      say({ kind: "progress", identity: identityOf(config), progress }),
    finished: (config, result) => say({ kind: "finished", identity: identityOf(config), result }),
    failed: (config, reason) => say({ kind: "failed", identity: identityOf(config), reason }),
    finishedElsewhere: (config) => say({ kind: "finishedElsewhere", identity: identityOf(config) }),
    note: (text) => say({ kind: "note", text }),
    end: () => {},
  };
}
