// deno task fuzz [--minutes N] [FILES]: the fuzz tests with ever new seeds until the time is up, ten times the inputs each.
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { inputs } from "./fuzz.ts";

const { values, positionals } = parseArgs({
  options: { minutes: { type: "string", default: "10" } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes: ${values.minutes}, expected a number above 0`);
  Deno.exit(2);
}

const times = 10, end = Date.now() + 60_000 * minutes;
const files = positionals.length > 0 ? positionals : [fileURLToPath(new URL(".", import.meta.url))];
let rounds = 0;
while (Date.now() < end || rounds === 0) {
  const seed = crypto.getRandomValues(new Int32Array(1))[0]!;
  const environment = { MASKBENCH_FUZZ_TIMES: `${times}`, MASKBENCH_FUZZ_SEED: `${seed}` };
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", "--no-check", "--allow-read", "--allow-env", "--allow-sys", ...files],
    env: environment,
  }).spawn().status;
  if (!success) {
    const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`).join(" ");
    console.error(`found by: ${set} deno test -A ${files.join(" ")}`);
    Deno.exit(1);
  }
  rounds++;
}
const each = times * Object.values(inputs).reduce((sum, count) => sum + count, 0);
const all = positionals.length > 0 ? "" : `, ${rounds * each} inputs`;
console.log(`${rounds} rounds${all}: nothing found`);
