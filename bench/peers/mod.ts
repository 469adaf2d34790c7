// The training step beside plain PyTorch's, each measured in turn, so that a busy machine slows both alike.
//
//   deno task peers [--networks mlp,conv4] [--rounds 3] [--out FILE] [--json FILE]
//
// Needs a python3 with PyTorch: Debian's python3-torch (as /usr/bin/python3), or any named in PYTHON.
import os from "node:os";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import type { Peers } from "../../src/report/peers.ts";
import { median } from "../../src/statistics.ts";
import type { Profile } from "../../src/training/profile.ts";

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

async function json<Measured>(command: string, args: string[]): Promise<Measured> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: root }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) {
    console.error(`${command} ${args.join(" ")} failed: ${text(stderr).trim().split("\n").at(-1)}`);
    console.error("a python3 with PyTorch is needed: apt-get install python3-torch, or PYTHON=…");
    Deno.exit(1);
  }
  return JSON.parse(text(stdout));
}

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

const ms = (value: number) => String(Number(value.toPrecision(value < 100 ? 2 : 3)));

const rows: string[][] = [];
const networks: Peers["networks"] = [];
let pytorch = "", processor = "";
for (const network of values.networks.split(",")) {
  const sorted: number[] = [], selected: number[] = [], own: number[] = [], speed: number[] = [];
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
  }
  networks.push({
    network,
    msPerStep: {
      maskbench: median(own)!,
      "PyTorch, kthvalue": median(selected)!,
      "PyTorch, sort": median(sorted)!,
    },
  });
  const over = (others: number[]) => median(others.map((other, i) => other / own[i]!))!;
  rows.push([
    network,
    ms(median(own)!),
    ms(median(sorted)!),
    ms(median(selected)!),
    `${over(sorted).toFixed(1)}×`,
    `${over(selected).toFixed(1)}×`,
    `${Math.round(100 * median(speed)!)}%`,
  ]);
}
const table = markdownTable([
  [
    "network",
    "maskbench, ms",
    "PyTorch, sort, ms",
    "PyTorch, kthvalue, ms",
    "faster than sort",
    "faster than kthvalue",
    "of the matrix product's speed",
  ],
  ...rows,
], { align: ["l", "r", "r", "r", "r", "r", "r"] });
const text = `# A training step beside plain PyTorch's

edge-popup, batch 128, float32, ${threads} threads, ${processor}; PyTorch ${pytorch}. Medians of ${rounds} rounds, each
measuring the three in turn. *Of the matrix product's speed*: arithmetic of the whole step, beside a product of 2048 × 2048.

${table}
`;
console.log(text);
// What `deno task report` reads.
const peers: Peers = {
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
