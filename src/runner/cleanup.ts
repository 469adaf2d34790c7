// What processes that were killed leave among run files and tickets, and nobody needs any more.
import { join } from "node:path";
import { removeFile } from "../base/atomic_files.ts";
import { runsFolder } from "../runs/run_file.ts";
import { ticketsFolder } from "../tickets/ticket.ts";

/** Milliseconds after which a temporary file is a dead process's: nothing takes so long to write. */
const LEFT_BEHIND = 3600_000;

const temporary = /^\.(.+)\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ofRun = /^([0-9a-f]{64})\.(claim-\d+|checkpoint\.safetensors(\.aside)?|failed)$/;
const halfOfRun = /^([0-9a-f]{64})\.(json|checkpoint\.safetensors|failed)$/;

/**
 * Removes files half written, and whatever belongs to a run that is finished. Where the process that finished it still
 * lives it is about to do the same, and whoever claims the run now finds it finished.
 * @param unfinished identities of runs without a valid file
 */
export async function removeLeftovers(
  folder: string,
  unfinished: ReadonlySet<string>,
): Promise<void> {
  const names = await namesIn(runsFolder(folder)), all = new Set(names);
  for (const name of names) {
    const path = join(runsFolder(folder), name), half = temporary.exec(name)?.[1];
    const run = (half === undefined ? ofRun.exec(name) : halfOfRun.exec(half))?.[1];
    const isDone = run !== undefined && all.has(`${run}.json`) && !unfinished.has(run);
    if (isDone || half !== undefined && await isOld(path)) await remove(path);
  }
  const tickets = ticketsFolder(folder);
  for (const name of await namesIn(tickets)) {
    // The ticket of a finished run may be under way: it is made where it is missing.
    if (temporary.test(name) && await isOld(join(tickets, name))) await remove(join(tickets, name));
  }
}

// It takes room and does no harm.
const remove = (path: string) => removeFile(path).catch(() => {});

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch {
    // no folder, so nothing in it
  }
  return names;
}

async function isOld(path: string): Promise<boolean> {
  const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
  return mtime !== null && Date.now() - mtime.getTime() > LEFT_BEHIND;
}
