// maskbench share: what a process does that bench --gpus starts, its share of the runs that standard input names.
import { Command } from "@commander-js/extra-typings";
import { exitNow } from "../../native/mod.ts";
import {
  parseShareRequest,
  type ShareFailure,
  shareListener,
  type ShareMessage,
} from "../../runner/share.ts";
import { StopFlag } from "../../runner/stop.ts";
import { identityOf } from "../../runs/identity.ts";
import { executeUntilStopped } from "../execute.ts";

export const shareCommand = () =>
  new Command("share")
    .description("execute runs with the other processes that bench --gpus has started")
    .action(async () => {
      const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
      const { folder, runs, ...options } = parseShareRequest(await readLine(input));
      const stop = new StopFlag();
      void readToEnd(input).then(() => stop.ask()); // whoever started this process has died
      const { outcome, exitCode } = await executeUntilStopped(
        runs,
        runs.length,
        folder,
        options,
        { listener: shareListener(say), stop },
      );
      const failed = outcome.failed.map(({ config, ...failure }): ShareFailure => ({
        identity: identityOf(config),
        ...failure,
      }));
      say({ kind: "outcome", checkpointed: outcome.checkpointed, failed });
      if (exitCode !== undefined && outcome.left > 0) exitNow(exitCode);
      if (failed.length > 0) Deno.exitCode = 1;
    });

const encoder = new TextEncoder();

function say(message: ShareMessage): void {
  const line = encoder.encode(`${JSON.stringify(message)}\n`);
  try {
    for (let written = 0; written < line.length;) {
      written += Deno.stdout.writeSync(line.subarray(written));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error; // nobody listens any more
  }
}

async function readLine(input: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await input.read();
    if (done) break;
    text += value;
  }
  return text;
}

async function readToEnd(input: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await input.read()).done);
}
