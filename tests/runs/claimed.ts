// Claims made by hand, for tests.
import { join } from "node:path";

/** A run is claimed by a process of another machine, just now. @returns the path of the claim */
export async function claimOfAnotherHost(folder: string, identity: string): Promise<string> {
  const path = join(folder, "runs", `${identity}.claim-0`);
  await Deno.mkdir(join(folder, "runs"), { recursive: true });
  const owner = {
    host: "node3",
    machine: "node3 123",
    process: 4711,
    since: "2026-01-02T03:04:05.000Z",
    progress: "begun",
  };
  await Deno.writeTextFile(path, JSON.stringify(owner));
  return path;
}
