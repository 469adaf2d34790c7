// deno task peers: the training step next to plain PyTorch's, each measured in turn, so that a busy machine slows both
// alike.
//
// Needs a python3 with PyTorch: Debian's python3-torch (as /usr/bin/python3), or any named in PYTHON. Where that PyTorch
// is 2 or later, the step as an expert would write it (expert_step.py) is measured too, in several ways, of which the
// fastest stands in the table.
import os from "node:os";
import { Command } from "@commander-js/extra-typings";
import { markdownTable } from "markdown-table";
import { median } from "../../src/base/statistics.ts";
import { runProcess } from "../../src/cli/main.ts";
import { parsePositive } from "../../src/cli/options.ts";
import { root, userPathOf } from "../../src/cli/paths.ts";
import type { PeerTimes } from "../../src/diagnostics/peers.ts";
import type { Profile } from "../../src/diagnostics/profile.ts";

/** The algorithm whose step the Python programs take, as published. */
const algorithm = "edge-popup";

export const peersCommand = () =>
  new Command("peers")
    .description("time the training step next to plain PyTorch's")
    .option(
      "--networks <names>",
      "measure these networks, separated by commas",
      "mlp,conv2,conv4,conv6,conv8,resnet20,resnet18",
    )
    .option("--rounds <n>", "measure all in turn n times, and take medians", parsePositive, 3)
    .option("--threads <n>", "give each n processor threads; default all", parsePositive)
    .option("--out <file>", "also write the table to this file")
    .option("--json <file>", "also write the times to this file, for `report`")
    .addHelpText(
      "after",
      `
Needs a python3 with PyTorch: /usr/bin/python3, or the one that PYTHON names.

Example:
  deno task maskbench peers --networks mlp,conv4 --json results/mnist/peers.json`,
    )
    .action(async ({ networks, rounds, threads = os.availableParallelism(), out, json }) => {
      const measured: MeasuredNetwork[] = [];
      for (const network of networks.split(",")) {
        measured.push(await measureNetwork(network, rounds, threads));
      }
      const text = reportOf(measured, rounds, threads);
      console.log(text);
      const peers = peerTimesOf(measured, rounds, threads);
      if (json) await Deno.writeTextFile(userPathOf(json), JSON.stringify(peers, null, 1) + "\n");
      if (out) await Deno.writeTextFile(userPathOf(out), text);
    });

/** What was found of one network: milliseconds of a step, a median for each round's kind. */
interface MeasuredNetwork {
  readonly network: string;
  readonly own: readonly number[];
  readonly sorted: readonly number[];
  readonly selected: readonly number[];
  /** Empty where PyTorch is older than 2, or every way failed. */
  readonly expert: readonly number[];
  /** How the fastest of the expert's steps works, where one was found. */
  readonly fastest: Expert | undefined;
  /** A part of the speed of the machine's matrix product, in [0, 1]. */
  readonly fractionOfPeak: number;
  readonly pytorch: string;
  readonly processor: string;
}

async function measureNetwork(
  network: string,
  rounds: number,
  threads: number,
): Promise<MeasuredNetwork> {
  const sorted: number[] = [], selected: number[] = [], own: number[] = [], speed: number[] = [];
  const expert: number[] = [];
  let fastest: Expert | undefined, pytorch = "", processor = "";
  const steps = network === "mlp" ? 100 : 5;
  for (let round = 0; round < rounds; round++) {
    console.error(`${network}, round ${round + 1} of ${rounds}`);
    const profile = await profileOwnStep(network, steps, threads);
    const bySort = await timePeer(network, "sort", steps, threads);
    own.push(profile.msPerStep);
    speed.push(profile.gflops / profile.machine.gflops);
    sorted.push(bySort.msPerStep);
    selected.push((await timePeer(network, "kthvalue", steps, threads)).msPerStep);
    pytorch = bySort.torch;
    processor = profile.processor;
    if (!hasExperts(pytorch)) continue;
    // The first round finds the way that the others then measure again.
    const found = round === 0
      ? await fastestExpert(network, ["kthvalue", "topk"], ["eager", "compile"], threads)
      : fastest && await fastestExpert(network, [fastest.selection], [fastest.execution], threads);
    fastest ??= found;
    if (found) expert.push(found.msPerStep);
  }
  const fractionOfPeak = median(speed)!;
  return { network, own, sorted, selected, expert, fastest, fractionOfPeak, pytorch, processor };
}

/** Whether this PyTorch is one that an expert would take today. */
const hasExperts = (pytorch: string) => Number.parseInt(pytorch) >= 2;

async function outputOf(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: root }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) {
    console.error(`${command} ${args.join(" ")} failed: ${text(stderr).trim().split("\n").at(-1)}`);
    console.error("a python3 with PyTorch is needed: apt-get install python3-torch, or PYTHON=…");
    Deno.exit(1);
  }
  return text(stdout);
}

const python = () => Deno.env.get("PYTHON") ?? "/usr/bin/python3";

async function timePeer(
  network: string,
  selection: string,
  steps: number,
  threads: number,
): Promise<{ msPerStep: number; torch: string }> {
  return JSON.parse(
    await outputOf(python(), [
      "bench/peers/edge_popup_step.py",
      ...["--network", network, "--selection", selection],
      ...["--threads", String(threads), "--steps", String(steps)],
    ]),
  );
}

async function profileOwnStep(
  network: string,
  steps: number,
  threads: number,
): Promise<Profile & { readonly processor: string }> {
  return JSON.parse(
    await outputOf(Deno.execPath(), [
      ...["task", "--quiet", "maskbench", "profile", "--json", "--algorithm", algorithm],
      ...["--network", network, "--threads", String(threads), "--steps", String(steps)],
    ]),
  );
}

interface Expert {
  readonly selection: string;
  readonly execution: string;
  readonly msPerStep: number;
}

/** The fastest of these ways, of which some may fail; none where all do. */
async function fastestExpert(
  network: string,
  selections: readonly string[],
  executions: readonly string[],
  threads: number,
): Promise<Expert | undefined> {
  const lines = await outputOf(python(), [
    "bench/peers/expert_step.py",
    ...["--network", network, "--selection", ...selections, "--execution", ...executions],
    ...["--threads", String(threads), "--seconds", "2"],
  ]);
  return lines.trim().split("\n").map((line): Partial<Expert> => JSON.parse(line))
    .filter((line): line is Expert => line.msPerStep !== undefined)
    .sort((a, b) => a.msPerStep - b.msPerStep)[0];
}

/** What `deno task report` reads. */
function peerTimesOf(
  measured: readonly MeasuredNetwork[],
  rounds: number,
  threads: number,
): PeerTimes {
  const { processor = "", pytorch = "" } = measured.at(-1) ?? {};
  const networks = measured.map(({ network, own, sorted, selected, expert, fastest }) => ({
    network,
    msPerStep: {
      maskbench: median(own)!,
      "PyTorch, kthvalue": median(selected)!,
      "PyTorch, sort": median(sorted)!,
      ...(fastest ? { "PyTorch, fastest": median(expert)! } : {}),
    },
  }));
  return { format: 1, algorithm, processor, threads, batchSize: 128, rounds, pytorch, networks };
}

function reportOf(measured: readonly MeasuredNetwork[], rounds: number, threads: number): string {
  const { processor = "", pytorch = "" } = measured.at(-1) ?? {};
  const experts = hasExperts(pytorch);
  const header = [
    "network",
    "maskbench, ms",
    "PyTorch, sort, ms",
    "PyTorch, kthvalue, ms",
    ...(experts ? ["fastest PyTorch, ms"] : []),
    "faster than sort",
    "faster than kthvalue",
    ...(experts ? ["faster than the fastest"] : []),
    "of the matrix product's speed",
  ];
  const align = ["l", ...header.slice(1).map(() => "r")];
  const table = markdownTable([header, ...measured.map(rowOf)], { align });
  const marked = experts ? " In bold: against the fastest of the peers." : "";
  return `# A training step beside plain PyTorch's

edge-popup, batch 128, float32, ${threads} threads, ${processor}; PyTorch ${pytorch}. Medians of ${rounds} rounds, each
measuring all in turn.${marked} *Of the matrix product's speed*: arithmetic of the whole step, beside a product of 2048 × 2048.

${table}
`;
}

function rowOf(measured: MeasuredNetwork): string[] {
  const { network, own, sorted, selected, expert, fastest, fractionOfPeak, pytorch } = measured;
  const experts = hasExperts(pytorch);
  const speedUp = (times: readonly number[]) => median(times.map((time, i) => time / own[i]!))!;
  const ratios = [sorted, selected, ...(fastest ? [expert] : [])].map(speedUp);
  // The fastest of the peers is the one to look at, so it is marked where all were measured.
  const faster = ratios.map((ratio) => {
    const text = `${ratio.toFixed(1)}×`;
    return fastest && ratio === Math.min(...ratios) ? `**${text}**` : text;
  });
  const way = fastest ? `${ms(median(expert)!)} (${fastest.execution}, ${fastest.selection})` : "—";
  return [
    network,
    ms(median(own)!),
    ms(median(sorted)!),
    ms(median(selected)!),
    ...(experts ? [way] : []),
    faster[0]!,
    faster[1]!,
    ...(experts ? [faster[2] ?? "—"] : []),
    `${Math.round(100 * fractionOfPeak)}%`,
  ];
}

const ms = (value: number) => String(Number(value.toPrecision(value < 100 ? 2 : 3)));

if (import.meta.main) {
  await runProcess(["peers", ...Deno.args], [{ name: "peers", load: peersCommand }]);
}
