// The training step of every network, in every precision that the device takes.
import os from "node:os";
import { markdownTable } from "markdown-table";
import { UserError } from "../../../src/base/errors.ts";
import { type Profile, profileStep, stepConfigOf } from "../../../src/diagnostics/profile.ts";
import { openNative } from "../../../src/native/toolchain/setup.ts";
import { configurationSchema } from "../../../src/training/config.ts";
import { type Context, type Stage, type Target, target } from "../stage.ts";

export interface StepProfile {
  readonly network: string;
  readonly precision: string;
  readonly batch: number;
  /** `null` where the core refuses the precision. */
  readonly profile: Profile | null;
  /** Why. */
  readonly refused?: string;
}

export const profiles: Stage<readonly StepProfile[]> = {
  name: "profile",
  title: "The training step",
  seconds: { cuda: 120, cpu: 600 },
  async run(context, keep) {
    const { device, rehearsal, results } = context;
    await openNative();
    const { networks, batch, steps } = settings(context);
    const found = [...(results.profile as readonly StepProfile[] | undefined ?? [])];
    for (const network of networks) {
      for (const precision of configurationSchema.shape.precision.options) {
        if (found.some((one) => one.network === network && one.precision === precision)) continue;
        const config = {
          ...stepConfigOf(network, "edge-popup", batch, precision),
          augmentation: network === "mlp" ? "none" as const : "crop-flip" as const,
        };
        const about = { network, precision, batch };
        try {
          const threads = rehearsal ? 1 : os.availableParallelism();
          found.push({ ...about, profile: profileStep(config, { device, threads, steps }) });
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          found.push({ ...about, profile: null, refused: error.message });
        }
        keep(found);
      }
    }
    return found;
  },
  section(found) {
    const measured = found.filter(({ profile }) => profile !== null);
    const refused = found.filter(({ profile }) => profile === null);
    const parts = ["gather", "weights", "forward", "backward", "projection", "update", "rest"];
    const ms = (value: number) => value.toPrecision(3);
    return [
      "edge-popup, batch to updated mask, crop and flip but for the mlp; milliseconds. _Step_ is as training goes, " +
      "over stretches with one wait for the device each; _host_ is what a step keeps the host, which on a GPU only " +
      "replays what was recorded; the parts are of a step that waits after each of them.",
      markdownTable([
        ["network", "precision", "batch", "step", "host", "images/s", "TFLOP/s", ...parts],
        ...measured.map(({ network, precision, batch, profile }) => [
          network,
          precision,
          String(batch),
          ms(profile!.msPerStep),
          ms(profile!.hostMsPerStep),
          Math.round(profile!.imagesPerSecond).toLocaleString("en"),
          (profile!.gflops / 1000).toPrecision(3),
          ...parts.map((part) => ms(profile!.parts[part as keyof Profile["parts"]].ms)),
        ]),
      ], { align: ["l", "l", ...Array<string>(12).fill("r")] }),
      ...(refused.length > 0
        ? [refused.map(({ network, refused }) => `- ${network}: ${refused}`).join("\n")]
        : []),
    ].join("\n\n");
  },
  targets(results) {
    const step = (precision: string) => stepOf(results.profile, "conv4", precision)?.msPerStep;
    const shown = (ms: number) => `${ms.toPrecision(3)} ms`;
    const fast = [step("bfloat16"), step("tf32")].filter((ms) => ms !== undefined);
    const targets: Target[] = [
      target(
        "conv4's step in bfloat16 or TF32: at most 0.6 ms",
        fast.length > 0 ? Math.min(...fast) : null,
        (ms) => ms <= 0.6,
        shown,
      ),
      target(
        "conv4's step in float32: at most 1.5 ms",
        step("float32"),
        (ms) => ms <= 1.5,
        shown,
      ),
    ];
    return targets;
  },
};

/** What steps are measured with, ours and PyTorch's. */
export function settings({ rehearsal }: Pick<Context, "rehearsal">) {
  return rehearsal ? { networks: ["mlp"], batch: 8, steps: 5 } : {
    networks: ["conv4", "conv2", "conv6", "conv8", "mlp", "resnet18", "resnet20"],
    batch: 128,
    steps: 250,
  };
}

/** A step of batch 128 as it was measured, if it was. */
export function stepOf(found: unknown, network: string, precision: string): Profile | undefined {
  return (found as readonly StepProfile[] | undefined)?.find((one) =>
    one.network === network && one.precision === precision
  )?.profile ?? undefined;
}
