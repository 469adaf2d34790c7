// A process that starts a shell script, passes its own signals on to it, and ends as it does.
import { waitForChild } from "../../src/cli/signals.ts";

const child = new Deno.Command("sh", { args: ["-c", Deno.args[0]!], stdin: "inherit" }).spawn();
Deno.exit(await waitForChild(child));
