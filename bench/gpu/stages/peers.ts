// Plain PyTorch on the same device: the step with the data there already, and the published loop with its data loader.
import os from "node:os";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { command, lastLine } from "../command.ts";
import { pythonWithTorch } from "../host.ts";
import { Skip, type Stage, type Target, target } from "../stage.ts";
import { settings, stepOf } from "./profile.ts";

const selections = ["sort", "kthvalue"] as const;

interface PeerStep {
  readonly network: string;
  readonly selection: typeof selections[number];
  readonly precision: string;
  readonly msPerStepOfStretch: number;
  readonly torch: string;
}

interface Loop {
  readonly network: string;
  readonly imagesPerSecond: number;
  readonly workers: number;
  readonly pictures: string;
  readonly torch: string;
}

export interface Peers {
  readonly loop: Loop | null;
  readonly steps: readonly PeerStep[];
  /** Our own, measured in the stage before, to compare with. */
  readonly ours: readonly { network: string; precision: string; msPerStep: number }[];
}

export const peers: Stage<Peers> = {
  name: "peers",
  title: "Plain PyTorch beside it",
  seconds: { cuda: 240, cpu: 600 },
  async run(context, keep) {
    const { device, rehearsal, results } = context, before = results.peers as Peers | undefined;
    const python = await pythonWithTorch();
    if (!python) throw new Skip("no Python here has PyTorch (PYTHON names one)");
    const { networks, batch } = settings(context);
    const precisions = device === "cuda" ? ["float32", "tf32", "bfloat16"] : ["float32"];
    const ours = networks.flatMap((network) =>
      precisions.flatMap((precision) => {
        const own = stepOf(results.profile, network, precision);
        return own ? [{ network, precision, msPerStep: own.msPerStep }] : [];
      })
    );
    let found: Peers = { loop: before?.loop ?? null, steps: before?.steps ?? [], ours };
    const script = async (name: string, args: string[], take: (json: string) => void) => {
      const path = fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));
      const all = [path, "--device", device, "--batch", String(batch), ...args];
      const { success, error } = await command(python.program, all, {}, (line) => {
        take(line);
        keep(found);
      });
      if (!success) throw new Error(`${name} failed: ${lastLine(error)}`);
    };
    const loop = rehearsal
      ? ["--network", "conv2", "--workers", "1", "--pictures", "64", "--seconds", "0.5"]
      : ["--network", "conv4", "--workers", "4", "--seconds", "15"];
    if (!found.loop) {
      await script(
        "published_loop.py",
        [...loop, ...(rehearsal ? ["--warm-up", "1", "--threads", "1"] : [])],
        (line) => found = { ...found, loop: JSON.parse(line) },
      );
    }
    const stretches = rehearsal
      ? ["--steps", "1", "--stretches", "1", "--stretch", "2", "--threads", "1"]
      : ["--steps", "5", "--stretches", "3", "--stretch", "30", "--warm-up", "10"];
    const threads = rehearsal ? [] : ["--threads", String(os.availableParallelism())];
    const whole = precisions.length * selections.length; // steps of a network
    const missing = networks.filter((network) =>
      found.steps.filter((step) => step.network === network).length < whole
    );
    found = { ...found, steps: found.steps.filter(({ network }) => !missing.includes(network)) };
    if (missing.length > 0) { // else an earlier start measured all of them
      await script(
        "edge_popup_step.py",
        [
          ...["--network", ...missing, "--selection", ...selections],
          ...["--precision", ...precisions, ...stretches, ...threads],
        ],
        (line) => found = { ...found, steps: [...found.steps, JSON.parse(line)] },
      );
    }
    return found;
  },
  section({ loop, steps, ours }) {
    const of = (network: string, precision: string, selection: string) =>
      steps.find((step) =>
        step.network === network && step.precision === precision && step.selection === selection
      )?.msPerStepOfStretch;
    const ms = (value: number | undefined) => value?.toPrecision(3) ?? "—";
    const over = (other: number | undefined, own: number) =>
      other === undefined ? "—" : `${(other / own).toFixed(1)}×`;
    const table = markdownTable([
      [
        "network",
        "precision",
        "maskbench",
        "sort",
        "kthvalue",
        "faster than sort",
        "than kthvalue",
      ],
      ...ours.map(({ network, precision, msPerStep }) => {
        const sort = of(network, precision, "sort"), kth = of(network, precision, "kthvalue");
        const faster = [over(sort, msPerStep), over(kth, msPerStep)];
        return [network, precision, ms(msPerStep), ms(sort), ms(kth), ...faster];
      }),
    ], { align: ["l", "l", "r", "r", "r", "r", "r"] });
    return [
      "A step of edge-popup with the data on the device, milliseconds over stretches with one wait each; PyTorch " +
      `${steps[0]?.torch ?? loop?.torch ?? ""} selects by sorting, as published, or by kthvalue.`,
      table,
      ...(loop
        ? [
          `The published loop of ${loop.network}, with a data loader of ${loop.workers} workers that crop and flip ` +
          `(${loop.pictures}) and the loss fetched in every step: ` +
          `${Math.round(loop.imagesPerSecond).toLocaleString("en")} images/s.`,
        ]
        : []),
    ].join("\n\n");
  },
  targets(results): Target[] {
    const { loop, steps = [] } = (results.peers ?? {}) as Partial<Peers>;
    const own = stepOf(results.profile, "conv4", "float32");
    const other = steps.find(({ network, precision, selection }) =>
      network === "conv4" && precision === "float32" && selection === "sort"
    )?.msPerStepOfStretch;
    const times = (value: number) => `${value.toFixed(1)}×`;
    return [
      target(
        "images a second of the published PyTorch loop (conv4, float32): at least 20×",
        own && loop?.network === "conv4" ? own.imagesPerSecond / loop.imagesPerSecond : null,
        (value) => value >= 20,
        times,
      ),
      target(
        "a PyTorch step with the data on the GPU (conv4, float32, sort): at least 4× as fast",
        own && other !== undefined ? other / own.msPerStep : null,
        (value) => value >= 4,
        times,
      ),
    ];
  },
};
