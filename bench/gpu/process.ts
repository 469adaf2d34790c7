// One stage in a process of its own, so that a crash, a device error that sticks, or a call that never ends costs that
// stage alone. Reads `Job` as JSON on standard input; answers with lines of JSON on standard output.
import { UserError } from "../../src/base/errors.ts";
import { exitNow } from "../../src/native/mod.ts";
import { type Context, Skip, type Stage, Unfinished } from "./stage.ts";

/** What the process is asked for. */
export interface Job {
  /** Address of a module that exports `stages`. */
  readonly registry: string;
  readonly stage: string;
  readonly context: Context;
}

/** What it answers: results so far, any number of times, then how it ended. */
export type Answer =
  | { readonly kind: "kept"; readonly result: unknown }
  | { readonly kind: "ended"; readonly state: "done" }
  | {
    readonly kind: "ended";
    readonly state: "skipped" | "failed" | "cut off";
    readonly reason: string;
  };

function answer(message: Answer): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function perform({ registry, stage, context }: Job): Promise<Answer> {
  const { stages } = await import(registry) as { stages: readonly Stage[] };
  const keep = (result: unknown) => answer({ kind: "kept", result });
  try {
    keep(await stages.find(({ name }) => name === stage)!.run(context, keep));
    return { kind: "ended", state: "done" };
  } catch (error) {
    const { message, stack } = error as Error;
    if (error instanceof Skip) return { kind: "ended", state: "skipped", reason: message };
    if (error instanceof Unfinished) return { kind: "ended", state: "cut off", reason: message };
    const shown = Deno.env.get("MASKBENCH_DEBUG") && !(error instanceof UserError);
    return { kind: "ended", state: "failed", reason: shown ? stack ?? message : message };
  }
}

if (import.meta.main) {
  answer(await perform(await new Response(Deno.stdin.readable).json()));
  exitNow(0); // workers may be left in the middle of a run
}
