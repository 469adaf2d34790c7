// Does stage after stage, each in a process and within a time of its own, and writes the report whenever there is news:
// whoever ends this command loses nothing that was finished.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { durationTextOf } from "../../src/base/duration.ts";
import { pathWithCuda } from "./host.ts";
import type { Answer, Job } from "./process.ts";
import { type Entry, type Report, resultsOf, targetsOf, verdictOf, writeReport } from "./report.ts";
import type { Context, Stage } from "./stage.ts";

export interface Options extends Pick<Context, "device" | "rehearsal" | "out" | "folders"> {
  /** Address of the module that exports `stages`, for other processes to import. */
  readonly registry: string;
  /** To be done now; those of the whole registry are what the report shows. */
  readonly chosen: readonly Stage[];
  readonly all: readonly Stage[];
  /** For all stages together. */
  readonly seconds: number;
  /** Do what is done already once more. */
  readonly again: boolean;
  readonly commit: string;
  readonly say: (text: string) => void;
}

/** Permissions of a stage's process: those of `deno task gpu`. */
const permissions = ["read", "write", "env", "ffi", "run", "sys"].map((name) => `--allow-${name}`);

/** No stage begins with less than so many seconds left. */
const LEAST = 2;

let underWay: { readonly pid: number; readonly scratch: string } | undefined;

/** Ends the stage under way with everything that it started or wrote for itself, for a process that was asked to stop. */
export function endStage(): void {
  if (!underWay) return;
  try {
    Deno.kill(-underWay.pid, "SIGKILL"); // the whole group
  } catch {
    // gone already
  }
  try {
    Deno.removeSync(underWay.scratch, { recursive: true });
  } catch {
    // as are its files
  }
}

/**
 * Does the chosen stages in turn. A stage that this commit has done is taken from the report, one that fails or takes too
 * long is recorded with its reason and the next one goes on.
 * @returns the report, as it was written
 */
export async function runStages(before: Report, options: Options): Promise<Report> {
  const { chosen, all, out, say } = options;
  const deadline = performance.now() + 1000 * options.seconds;
  let report = before;
  const record = async (name: string, entry: Entry) => {
    report = { ...report, stages: { ...report.stages, [name]: entry } };
    await writeReport(out, report, all);
  };
  for (const [place, stage] of chosen.entries()) {
    const { name } = stage, earlier = report.stages[name];
    const again = options.again || earlier?.commit !== options.commit; // other code, other figures
    const count = `${place + 1}/${chosen.length}`;
    if (earlier?.state === "done" && !again) {
      say(`${count} ${name}: done already, at ${earlier.started} (--again measures it again)`);
      continue;
    }
    const left = (deadline - performance.now()) / 1000;
    const result = again ? undefined : earlier?.result;
    if (left < LEAST) {
      const { commit } = options, state = "not reached", reason = "the time was over before it";
      const now = { seconds: 0, started: new Date().toISOString(), commit };
      await record(name, { ...now, ...earlier, state, reason }); // what there was stays
      say(`${count} ${name}: not reached, ${reason}`);
      continue;
    }
    const own = stage.seconds[options.rehearsal ? "cpu" : "cuda"], seconds = Math.min(own, left);
    say(`${count} ${name}: up to ${durationTextOf(seconds)}`);
    const entry = await inProcess(
      stage,
      report,
      result,
      { ...options, seconds },
      (entry) => record(name, entry),
    );
    const told = entry.state === "timed out" && left < own
      ? { ...entry, state: "cut off" as const, reason: "the command's time was over" }
      : entry;
    await record(name, told);
    const why = told.reason === undefined ? "" : `: ${told.reason}`;
    say(
      `${" ".repeat(count.length)} ${name}: ${told.state} in ${durationTextOf(told.seconds)}${why}`,
    );
    for (const target of targetsOf(report, stage)) {
      const { what, measured } = target;
      if (measured !== null && !options.rehearsal) {
        say(`  ${verdictOf(target)} ${what}: ${measured}`);
      }
    }
  }
  return report;
}

// One stage in its process. @param news gets each result on the way, as an entry that is not whole
async function inProcess(
  { name }: Stage,
  report: Report,
  before: unknown,
  { registry, device, rehearsal, out, folders, seconds, commit }: Options,
  news: (entry: Entry) => Promise<void>,
): Promise<Entry> {
  const scratch = join(out, ".scratch"), began = performance.now();
  const started = new Date().toISOString();
  Deno.mkdirSync(scratch, { recursive: true }); // at once with what endStage knows of it: it may be called in between
  const context: Context = {
    device,
    rehearsal,
    out,
    scratch,
    folders,
    seconds,
    results: { ...resultsOf(report), [name]: before },
  };
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", ...permissions],
      fileURLToPath(new URL("./process.ts", import.meta.url)),
    ],
    env: { PATH: pathWithCuda() },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    detached: true, // a group of its own, to be ended as a whole
  }).spawn();
  underWay = { pid: child.pid, scratch };
  let late = false;
  const clock = setTimeout(() => {
    late = true;
    endStage();
  }, 1000 * seconds);

  let result = before, end: Extract<Answer, { kind: "ended" }> | undefined;
  const entryOf = (state: Entry["state"], reason?: string): Entry => ({
    state,
    ...(reason === undefined ? {} : { reason }),
    ...given(result),
    seconds: (performance.now() - began) / 1000,
    started,
    commit,
  });
  const take = async (line: string) => {
    const answer = answerOf(line);
    if (answer?.kind === "ended") end = answer;
    else if (answer) {
      result = answer.result;
      await news(entryOf("cut off", "the command was ended while it ran"));
    } else if (line) console.error(line);
  };
  try {
    await news(entryOf("cut off", "the command was ended while it ran"));
    const job: Job = { registry, stage: name, context };
    const send = new Blob([JSON.stringify(job)]).stream().pipeTo(child.stdin).catch(() => {});
    let rest = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) await take(line);
    }
    await send;
  } finally {
    endStage(); // what it started and left behind
    clearTimeout(clock);
    underWay = undefined;
  }
  const { code, signal } = await child.status;
  if (end) return entryOf(end.state, end.state === "done" ? undefined : end.reason);
  if (late) return entryOf("timed out", `it took longer than ${durationTextOf(seconds)}`);
  return entryOf("failed", `its process ended by ${signal ?? `exit code ${code}`}`);
}

const given = (result: unknown) => result === undefined ? {} : { result };

function answerOf(line: string): Answer | undefined {
  try {
    const answer = JSON.parse(line);
    return answer?.kind === "kept" || answer?.kind === "ended" ? answer : undefined;
  } catch {
    return undefined; // what a library printed
  }
}
