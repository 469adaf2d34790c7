// The GPUs of this machine: those that CUDA_VISIBLE_DEVICES names, or all that NVIDIA's driver lists.
import { UserError } from "../base/errors.ts";

/**
 * Chooses GPUs, each by a text that `CUDA_VISIBLE_DEVICES` may be: an index, or an identifier.
 * @param wanted how many, or all
 * @throws {UserError} where there is none, or fewer
 */
export async function chooseGpus(wanted: number | "all"): Promise<readonly string[]> {
  const visible = Deno.env.get("CUDA_VISIBLE_DEVICES");
  const gpus = visible === undefined ? await listGpus() : parseVisibleDevices(visible);
  const where = visible === undefined
    ? "nvidia-smi lists"
    : `CUDA_VISIBLE_DEVICES=${JSON.stringify(visible)} names`;
  if (gpus.length === 0) {
    throw new UserError(`--gpus ${wanted}: ${where} no GPU: without --gpus one process computes`);
  }
  if (wanted === "all") return gpus;
  if (wanted > gpus.length) {
    throw new UserError(
      `--gpus ${wanted}: ${where} ${gpus.length}: expected 1 to ${gpus.length}, or all`,
    );
  }
  return gpus.slice(0, wanted);
}

/** Parses `CUDA_VISIBLE_DEVICES`: as CUDA reads it, what follows a device that can't be one is hidden. */
export function parseVisibleDevices(text: string): string[] {
  const devices = text.split(",").map((device) => device.trim());
  const end = devices.findIndex((device) => device === "" || device.startsWith("-"));
  return devices.slice(0, end < 0 ? devices.length : end);
}

/** Parses what `nvidia-smi -L` prints, a line for each: `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-…)`. */
export const parseGpuList = (text: string): string[] =>
  [...text.matchAll(/^GPU (\d+): /gm)].map(([, index]) => index!);

async function listGpus(): Promise<string[]> {
  try {
    const { success, stdout, stderr } = await new Deno.Command("nvidia-smi", { args: ["-L"] })
      .output();
    const printed = new TextDecoder().decode(stdout).trim();
    if (success) return parseGpuList(printed);
    const reason = new TextDecoder().decode(stderr).trim() || printed;
    throw new UserError(`--gpus: nvidia-smi says: ${reason.split("\n")[0] || "nothing"}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UserError(
      "--gpus: there is no GPU here that can be found: nvidia-smi, which lists them, is not on the PATH",
    );
  }
}
