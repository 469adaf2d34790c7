// --gpus: a process for each GPU of this machine, all on one folder, with one progress, one table and one exit code.
import os from "node:os";
import { Option } from "@commander-js/extra-typings";
import { UserError } from "../base/errors.ts";
import { exitNow } from "../native/mod.ts";
import { openNative } from "../native/toolchain/setup.ts";
import type { ExecutionRequest } from "../runner/execution_options.ts";
import { chooseGpus } from "../runner/gpus.ts";
import { JoinedProgress } from "../runner/joined_progress.ts";
import { progressListener } from "../runner/progress.ts";
import { findMissingRuns, type RunnerOutcome } from "../runner/runner.ts";
import { parseShareMessage, type ShareRequest } from "../runner/share.ts";
import { ownCommit } from "../runs/environment.ts";
import type { RunConfig } from "../training/config.ts";
import { executeRuns, reportStop } from "./execute.ts";
import { parsePositive, resolveDevice } from "./options.ts";
import { launchCommandOf } from "./paths.ts";
import { withSignals } from "./signals.ts";

/** What `gpusOption` adds to a command. */
export interface GpusRequest {
  readonly gpus?: number | "all" | undefined;
}

export const gpusOption = () =>
  new Option(
    "--gpus <n>",
    "start a process for each of n GPUs of this machine, or of all; with --device cpu they compute on the processor, " +
      "which rehearses it",
  ).argParser((text: string) => text === "all" ? text : parsePositive(text));

/** @throws {UserError} where both are asked for */
export function refuseGpusWithSlurm(
  { gpus, engine }: GpusRequest & { readonly engine: string },
): void {
  if (gpus === undefined || engine === "local") return;
  throw new UserError("--gpus is for this machine: expected --gpus-per-task with --engine slurm");
}

/** Executes runs as `executeRuns` does, in this process or in one for each of the GPUs that are asked for. */
export async function executeRunsHere(
  runs: readonly RunConfig[],
  all: number,
  folder: string,
  { gpus, ...request }: ExecutionRequest & GpusRequest,
): Promise<RunnerOutcome> {
  return gpus === undefined
    ? await executeRuns(runs, all, folder, request)
    : await executeOnGpus(runs, folder, request, await chooseGpus(gpus));
}

async function executeOnGpus(
  runs: readonly RunConfig[],
  folder: string,
  request: ExecutionRequest,
  gpus: readonly string[],
): Promise<RunnerOutcome> {
  await openNative(); // once, before many would build it
  const device = request.device === "cpu" ? "cpu" : resolveDevice("cuda");
  const { retry = false, redo = false, controls = false, saveMask = false, jobs = 1 } = request;
  const share = Math.floor(os.availableParallelism() / (jobs * gpus.length));
  const threads = request.threads ?? Math.max(1, share);
  const missing = await findMissingRuns(runs, folder, redo ? ownCommit() : undefined);
  const listener = progressListener(Deno.stderr.isTerminal());
  const progress = new JoinedProgress(missing, runs.length - missing.length, listener);
  const execution = { device, threads, jobs, retry, redo, controls, saveMask };
  const used = gpus.slice(0, missing.length);
  if (used.length > 0) progress.note(`a process for each of these GPUs: ${used.join(", ")}`);
  const processes = used.map((gpu) => new GpuProcess(gpu, progress));

  let stopCode: number | undefined;
  const codes = await withSignals(
    (signal, code) => {
      stopCode ??= code;
      for (const process of processes) process.send(signal);
    },
    () => Promise.all(processes.map((one) => one.execute({ folder, ...execution, runs: missing }))),
  );
  const outcome = progress.end();
  const worst = Math.max(0, ...codes);
  if (outcome.left > 0) { // it was stopped, or all processes have died
    reportStop(outcome, runs.length, folder);
    exitNow(Math.max(stopCode ?? 1, worst));
  }
  if (worst > 0) Deno.exitCode = worst;
  return outcome;
}

/** A process that sees one GPU alone. */
class GpuProcess {
  readonly #child: Deno.ChildProcess;
  #isStopped = false;

  constructor(readonly gpu: string, readonly progress: JoinedProgress) {
    const [program, ...args] = launchCommandOf("share");
    this.#child = new Deno.Command(program, {
      args,
      env: { CUDA_VISIBLE_DEVICES: gpu },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Hands it its request, and passes on what it says until it ends. @returns its exit code */
  async execute(request: ShareRequest): Promise<number> {
    const stdin = this.#child.stdin.getWriter(); // it stays open: its end says that this process has died
    const handed = stdin.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`))
      .catch(() => {}); // the process has died, which its exit code says
    await Promise.all([
      handed,
      eachLine(this.#child.stdout, (line) => this.#takeLine(line)),
      eachLine(this.#child.stderr, (line) => this.#note(line)),
    ]);
    const { code, signal } = await this.#child.status;
    await stdin.close().catch(() => {});
    if (code > 1 && !this.#isStopped) {
      const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
      this.#note(`its process ${how}; what it had under way is left to the others`);
    }
    return code;
  }

  /** Passes a signal on. */
  send(signal: Deno.Signal): void {
    this.#isStopped = true;
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the process has ended by itself
    }
  }

  #takeLine(line: string): void {
    const message = parseShareMessage(line);
    if (message) this.progress.take(message);
    else this.#note(line);
  }

  #note(text: string): void {
    this.progress.listener.note(`GPU ${this.gpu}: ${text}`);
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") take(line);
  }
  if (rest.trim() !== "") take(rest);
}
