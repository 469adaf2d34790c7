// deno task gpu: all that there is to find out on a GPU host, with a report.
import os from "node:os";
import { Command, Option } from "@commander-js/extra-typings";
import { UserError } from "../../src/base/errors.ts";
import { describeUnknown } from "../../src/base/schema_errors.ts";
import { runProcess } from "../../src/cli/main.ts";
import { parsePositive } from "../../src/cli/options.ts";
import { dataFolders, ownPathOf, shownPathOf, userPathOf } from "../../src/cli/paths.ts";
import { findLibtorch } from "../../src/native/toolchain/libtorch.ts";
import { ownCommit } from "../../src/runs/environment.ts";
import { gpuOf, slugOf } from "./host.ts";
import { stages } from "./registry.ts";
import { emptyReport, readReport } from "./report.ts";
import { endStage, runStages } from "./run.ts";

const names = stages.map(({ name }) => name);

export const gpuCommand = () =>
  new Command("gpu")
    .description("build, test and measure all of it on a GPU, and write a report")
    .option(
      "--minutes <n>",
      "end after n minutes; a second start of the same commit goes on",
      parsePositive,
      10,
    )
    .option("--stages <names>", `do only these stages of ${names.join(", ")}`)
    .option("--again", "do again what is done already; the sweep goes on in any case")
    .addOption(
      new Option("--device <device>", "measure this device; cpu is a rehearsal with small settings")
        .choices(["cuda", "cpu"] as const).default("cuda" as const),
    )
    .option("--out <dir>", "write the report to this folder; default results/gpu/<GPU>")
    .addHelpText(
      "after",
      `
Examples:
  deno task gpu --minutes 9
  deno task gpu --stages profile,peers --again
  deno task gpu --device cpu --minutes 1`,
    )
    .action(async ({ minutes, stages: only, again = false, device, out }) => {
      const wanted = only?.split(",").map(stageOf);
      const chosen = stages.filter((stage) => wanted?.includes(stage) ?? true);
      const name = device === "cpu" ? os.cpus()[0]?.model.trim() ?? "a processor" : await gpuName();
      const rehearsal = device === "cpu", slug = rehearsal ? "rehearsal-cpu" : slugOf(name);
      const folder = out === undefined ? ownPathOf("results", "gpu", slug) : userPathOf(out);
      const before = await readReport(folder) ?? emptyReport({ name, device, rehearsal });
      if (before.name !== name || before.device !== device) {
        throw new UserError(
          `${
            shownPathOf(folder)
          } has the report of ${before.name} (${before.device}), and this is ` +
            `${name} (${device}): name another folder with --out`,
        );
      }
      const stop = (code: number) => {
        endStage();
        console.error(
          `stopped: what is finished is in ${
            shownPathOf(folder)
          }, the same command goes on from there`,
        );
        Deno.exit(code);
      };
      Deno.addSignalListener("SIGINT", () => stop(130));
      Deno.addSignalListener("SIGTERM", () => stop(143));
      const { stages: done } = await runStages(before, {
        registry: new URL("./registry.ts", import.meta.url).href,
        chosen,
        all: stages,
        device,
        rehearsal,
        out: folder,
        folders: dataFolders(),
        seconds: 60 * minutes,
        again,
        commit: ownCommit(),
        say: (text) => console.error(text),
      });
      console.log(`${shownPathOf(folder)}/report.md and report.json hold all of it`);
      const states = chosen.map(({ name }) => done[name]!.state);
      if (states.some((state) => state === "cut off" || state === "not reached")) {
        console.log("not all is done: the same command goes on from there");
      }
      if (states.some((state) => state === "failed" || state === "timed out")) Deno.exitCode = 1;
    });

function stageOf(name: string) {
  const found = stages.find((stage) => stage.name === name);
  if (!found) throw new UserError(`--stages: ${describeUnknown(name, names)}`);
  return found;
}

/** @throws {UserError} where there is no GPU, or no libtorch that can use it */
async function gpuName(): Promise<string> {
  const gpu = await gpuOf(), way = "--device cpu rehearses all of it on the processor";
  if (!gpu) throw new UserError(`there is no CUDA device here; ${way}`);
  if (findLibtorch()?.cuda) return gpu.name;
  throw new UserError(
    `there is a GPU here, ${gpu.name}, but no libtorch with CUDA: name one in LIBTORCH, or put a python3 with ` +
      `PyTorch for CUDA on the PATH; ${way}`,
  );
}

if (import.meta.main) {
  await runProcess(["gpu", ...Deno.args], [{ name: "gpu", load: gpuCommand }]);
}
