// NVIDIA's compute-sanitizer over the kernels: no access out of bounds, no race in shared memory, no barrier missed.
import { fileURLToPath } from "node:url";
import { command, lastLine } from "../command.ts";
import { Skip, type Stage } from "../stage.ts";

export interface Sanitized {
  readonly tool: string;
  readonly clean: boolean;
  /** Its own last line. */
  readonly said: string;
}

const script = fileURLToPath(new URL("../kernels.ts", import.meta.url));

export const sanitizer: Stage<readonly Sanitized[]> = {
  name: "sanitizer",
  title: "compute-sanitizer",
  seconds: { cuda: 120, cpu: 600 },
  async run({ device }, keep) {
    if (device !== "cuda") throw new Skip("it looks at CUDA kernels, and there are none here");
    const program = "compute-sanitizer";
    if (!(await command(program, ["--version"])).success) {
      throw new Skip("there is no compute-sanitizer here: it comes with the CUDA toolkit");
    }
    const found: Sanitized[] = [];
    for (const tool of ["memcheck", "racecheck", "synccheck"]) {
      const { success, out, error } = await command(program, [
        ...["--tool", tool, "--error-exitcode", "1", "--target-processes", "application-only"],
        ...[Deno.execPath(), "run", "--quiet", "--no-prompt", "--no-check"],
        ...["read", "write", "env", "ffi", "run", "sys"].map((name) => `--allow-${name}`),
        ...[script, device],
      ]);
      found.push({ tool, clean: success, said: lastLine(out || error) });
      keep(found);
    }
    return found;
  },
  section: (found) =>
    "Over projection, update, gather and a training step of a small network:\n\n" +
    found.map(({ tool, clean, said }) => `- ${clean ? "✓" : "✗"} ${tool}: ${said}`).join("\n"),
  targets(results) {
    const what = "compute-sanitizer finds nothing in the kernels";
    const found = results.sanitizer as readonly Sanitized[] | undefined;
    if (!found?.length) return [{ what, measured: null, met: null }];
    const clean = found.filter((one) => one.clean).map(({ tool }) => tool);
    const measured = clean.length > 0 ? `nothing by ${clean.join(", ")}` : "something by all tools";
    return [{ what, measured, met: clean.length === found.length }];
  },
};
