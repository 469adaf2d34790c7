// Failed runs: `DIR/runs/<identity>.failed` says why, and keeps the next start from trying again unasked.
import { join } from "node:path";
import { z } from "zod";
import { printable } from "../base/text.ts";
import { removeFile, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { parseJsonAs } from "../base/json.ts";
import { readPlainText } from "../base/plain_files.ts";
import { configurationSchema, type RunConfig } from "../training/config.ts";
import { identityOf } from "./identity.ts";
import { type Environment, environmentSchema, runsFolder } from "./run_file.ts";

/** A run that failed. */
export interface Failure {
  readonly configuration: RunConfig;
  /** One sentence. */
  readonly reason: string;
  /** Whether the settings are to blame: its loss became NaN. */
  readonly diverged: boolean;
  readonly environment: Environment;
}

const failureSchema = z.strictObject({
  configuration: configurationSchema,
  reason: z.string().transform(printable),
  diverged: z.boolean().default(false),
  environment: environmentSchema,
});

const failurePath = (folder: string, identity: string) =>
  join(runsFolder(folder), `${identity}.failed`);

/** @throws {WriteError} where it can't be written */
export async function writeFailure(folder: string, failure: Failure): Promise<void> {
  const path = failurePath(folder, identityOf(failure.configuration));
  await writeFileAtomically(path, `${JSON.stringify(failure, null, 1)}\n`);
}

/** Why a run failed, if it did; a file that is damaged, or another run's, counts for nothing. */
export async function readFailure(folder: string, config: RunConfig): Promise<Failure | undefined> {
  const identity = identityOf(config), damaged = () => new UserError("is no failure file");
  try {
    const text = await readPlainText(failurePath(folder, identity));
    const failure = parseJsonAs(failureSchema, text, { noJson: damaged, invalid: damaged });
    return identityOf(failure.configuration) === identity ? failure : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {WriteError} where it can't be removed */
export async function removeFailure(folder: string, identity: string): Promise<void> {
  await removeFile(failurePath(folder, identity));
}
