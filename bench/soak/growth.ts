// Whether anything piles up in a process that runs for hours: sweeps on the embedded data, one after the other, and after
// each the memory, the open files and the native core's handles.
import { median } from "../../src/base/statistics.ts";
import { readLiveObjects, resetPeak } from "../../src/native/mod.ts";

/** What a process holds at a moment. */
export interface Held {
  /** Since the start. */
  readonly seconds: number;
  /** Resident memory of the process, in bytes, once what is not used any more went back to the system. */
  readonly memory: number;
  /** The part that JavaScript's objects of the main thread take, in bytes: it shows where growth comes from. */
  readonly heap: number;
  /** Open files, sockets and pipes. */
  readonly files: number;
  /** The native core's handles, and the bytes of their tensors. */
  readonly handles: number;
  readonly bytes: number;
}

/** Share by which the memory may differ between the second and the last quarter: an allocator's own ups and downs. */
const FLAT = 0.03;

/** Milliseconds that threads take to end once they are asked to. */
const ENDING = 200;

/** What this process holds now. @param seconds since the start */
export async function held(seconds: number): Promise<Held> {
  await new Promise((resolve) => setTimeout(resolve, ENDING));
  resetPeak();
  const { handles, bytes } = readLiveObjects(),
    { rss: memory, heapUsed: heap } = Deno.memoryUsage();
  return { seconds, memory, heap, files: await openFiles(), handles, bytes };
}

// As the system's `ls` sees it: a process without all permissions may not look there itself.
async function openFiles(): Promise<number> {
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${Deno.pid}/fd`] }).output();
  return new TextDecoder().decode(stdout).split("\n").length - 1;
}

/**
 * What grew. The first quarter doesn't count: caches fill, and the compiler is still at work.
 * @returns a sentence for each; none where all is flat
 */
export function grown(log: readonly Held[]): string[] {
  const quarter = (i: number) =>
    log.slice(Math.floor(i * log.length / 4), Math.floor((i + 1) * log.length / 4));
  if (log.length < 4) return ["too short to tell: four sweeps at least"];
  const found: string[] = [];
  for (const key of ["memory", "files", "handles", "bytes"] as const) {
    const [before, after] = [quarter(1), quarter(3)]
      .map((part) => median(part.map((one) => one[key]))!) as [number, number];
    const most = key === "memory" ? before * (1 + FLAT) : before;
    if (after > most) found.push(`${key} grew from ${before} to ${after}`);
  }
  return found;
}
