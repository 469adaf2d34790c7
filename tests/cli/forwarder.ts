// A process that starts a shell script, passes its own signals on to it, and ends as it does.
import { runChild } from "../../src/cli/signals.ts";

const script = new Deno.Command("sh", { args: ["-c", Deno.args[0]!], stdin: "inherit" });
Deno.exit(await runChild(script));
