// Passes the tests of the native core with AddressSanitizer and UndefinedBehaviorSanitizer in it: a build of its own, and
// Deno with the sanitizers' runtimes loaded first. Whatever they find ends the process, and so fails its test.
//
// Leaks are not looked for: V8 and libtorch keep what they have for good. That handles and bytes are given back is
// asserted by the tests themselves, on the core's own counts.
import { fileURLToPath } from "node:url";
import { ensureNative } from "../src/native/toolchain/setup.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
// Those that compute. kernels.test.ts and setup.test.ts build, with other settings than these.
const all = [
  "batch",
  "boundary",
  "descent",
  "generator",
  "library",
  "network",
  "packed",
  "precision",
  "projection",
  "step",
];
const files = Deno.args.length > 0
  ? Deno.args
  : [...all.map((name) => `tests/native/${name}.test.ts`), "tests/goldens/replay.test.ts"];

Deno.env.set("MASKBENCH_SANITIZE", "1");
await ensureNative();

function runtime(name: string): string {
  const { stdout } = new Deno.Command("c++", { args: [`-print-file-name=${name}`] }).outputSync();
  return Deno.realPathSync(new TextDecoder().decode(stdout).trim());
}

const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "--quiet", "--no-check", "-A", ...files],
  cwd: root,
  env: {
    LD_PRELOAD: `${runtime("libasan.so")}:${runtime("libubsan.so")}`,
    // What can't be allocated is reported, as without them; V8 handles its own signals.
    ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1:handle_segv=0:abort_on_error=0",
    UBSAN_OPTIONS: "print_stacktrace=1",
  },
}).spawn().status;
Deno.exit(code);
