// The training step beside plain PyTorch's, each measured in turn, so that a busy machine slows both alike.
//
//   deno task peers [--networks mlp,conv4] [--rounds 3] [--out FILE] [--json FILE]
//
// Needs a python3 with PyTorch: Debian's python3-torch (as /usr/bin/python3), or any named in PYTHON. Where that PyTorch
// is 2 or later, the step as an expert would write it (expert_step.py) is measured too, in several ways, of which the
// fastest stands in the table.
import os from "node:os";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { median } from "../../src/base/statistics.ts";
import type { PeerTimes } from "../../src/diagnostics/peers.ts";
import type { Profile } from "../../src/diagnostics/profile.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({
  args: Deno.args,
  options: {
    networks: { type: "string", default: "mlp,conv2,conv4,conv6,conv8,resnet20,resnet18" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: String(os.availableParallelism()) },
    out: { type: "string" },
    json: { type: "string" },
  },
});
const rounds = Number(values.rounds), { threads } = values;
const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";

async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: root }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) {
    console.error(`${command} ${args.join(" ")} failed: ${text(stderr).trim().split("\n").at(-1)}`);
    console.error("a python3 with PyTorch is needed: apt-get install python3-torch, or PYTHON=…");
    Deno.exit(1);
  }
  return text(stdout);
}

const json = async <Measured>(command: string, args: string[]): Promise<Measured> =>
  JSON.parse(await output(command, args));

const peer = (network: string, selection: string, steps: number) =>
  json<{ msPerStep: number; torch: string }>(python, [
    "bench/peers/edge_popup_step.py",
    ...["--network", network, "--selection", selection],
    ...["--threads", threads, "--steps", String(steps)],
  ]);
const ours = (network: string, steps: number) =>
  json<Profile & { readonly processor: string }>(Deno.execPath(), [
    ...["task", "--quiet", "maskbench", "profile", "--json"],
    ...["--network", network, "--threads", threads, "--steps", String(steps)],
  ]);

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
): Promise<Expert | undefined> {
  const lines = await output(python, [
    "bench/peers/expert_step.py",
    ...["--network", network, "--selection", ...selections, "--execution", ...executions],
    ...["--threads", threads, "--seconds", "2"],
  ]);
  return lines.trim().split("\n").map((line): Partial<Expert> => JSON.parse(line))
    .filter((line): line is Expert => line.msPerStep !== undefined)
    .sort((a, b) => a.msPerStep - b.msPerStep)[0];
}

const ms = (value: number) => String(Number(value.toPrecision(value < 100 ? 2 : 3)));

const rows: string[][] = [];
const networks: PeerTimes["networks"] = [];
let pytorch = "", processor = "";
/** Whether this PyTorch is one that an expert would take today. */
const experts = () => Number.parseInt(pytorch) >= 2;
for (const network of values.networks.split(",")) {
  const sorted: number[] = [], selected: number[] = [], own: number[] = [], speed: number[] = [];
  const expert: number[] = [];
  let way: Expert | undefined;
  const steps = network === "mlp" ? 100 : 5;
  for (let round = 0; round < rounds; round++) {
    console.error(`${network}, round ${round + 1} of ${rounds}`);
    const found = await ours(network, steps);
    const bySort = await peer(network, "sort", steps);
    own.push(found.msPerStep);
    speed.push(found.gflops / found.machine.gflops);
    sorted.push(bySort.msPerStep);
    selected.push((await peer(network, "kthvalue", steps)).msPerStep);
    pytorch = bySort.torch;
    processor = found.processor;
    if (!experts()) continue;
    // The first round finds the way that the others then measure again.
    const fastest = round === 0
      ? await fastestExpert(network, ["kthvalue", "topk"], ["eager", "compile"])
      : way && await fastestExpert(network, [way.selection], [way.execution]);
    way ??= fastest;
    if (fastest) expert.push(fastest.msPerStep);
  }
  networks.push({
    network,
    msPerStep: {
      maskbench: median(own)!,
      "PyTorch, kthvalue": median(selected)!,
      "PyTorch, sort": median(sorted)!,
      ...(way ? { "PyTorch, fastest": median(expert)! } : {}),
    },
  });
  const over = (others: number[]) => median(others.map((other, i) => other / own[i]!))!;
  const ratios = [sorted, selected, ...(way ? [expert] : [])].map(over);
  // The fastest of the peers is the one to look at, so it is marked where all were measured.
  const faster = ratios.map((ratio) => {
    const text = `${ratio.toFixed(1)}×`;
    return way && ratio === Math.min(...ratios) ? `**${text}**` : text;
  });
  rows.push([
    network,
    ms(median(own)!),
    ms(median(sorted)!),
    ms(median(selected)!),
    ...(experts()
      ? [way ? `${ms(median(expert)!)} (${way.execution}, ${way.selection})` : "—"]
      : []),
    faster[0]!,
    faster[1]!,
    ...(experts() ? [faster[2] ?? "—"] : []),
    `${Math.round(100 * median(speed)!)}%`,
  ]);
}
const table = markdownTable([
  [
    "network",
    "maskbench, ms",
    "PyTorch, sort, ms",
    "PyTorch, kthvalue, ms",
    ...(experts() ? ["fastest PyTorch, ms"] : []),
    "faster than sort",
    "faster than kthvalue",
    ...(experts() ? ["faster than the fastest"] : []),
    "of the matrix product's speed",
  ],
  ...rows,
], { align: ["l", ...Array<string>(experts() ? 8 : 6).fill("r")] });
const marked = experts() ? " In bold: beside the fastest of the peers." : "";
const text = `# A training step beside plain PyTorch's

edge-popup, batch 128, float32, ${threads} threads, ${processor}; PyTorch ${pytorch}. Medians of ${rounds} rounds, each
measuring all in turn.${marked} *Of the matrix product's speed*: arithmetic of the whole step, beside a product of 2048 × 2048.

${table}
`;
console.log(text);
// What `deno task report` reads.
const peers: PeerTimes = {
  format: 1,
  processor,
  threads: Number(threads),
  batchSize: 128,
  rounds,
  pytorch,
  networks,
};
if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(peers, null, 1) + "\n");
if (values.out) await Deno.writeTextFile(values.out, text);
