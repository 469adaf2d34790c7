// The tests of native/ and training/ on the device: the same assertions, against the same independent truths.
import os from "node:os";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { command, lastLine } from "../command.ts";
import type { Stage } from "../stage.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Tests that compute, or look for what computes. */
const folders = ["tests/native", "tests/native/toolchain", "tests/training", "tests/goldens"];

export interface TestFile {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
  readonly seconds: number;
  /** The tests that failed, each with the first lines of its reason; why, where the file could not be run at all. */
  readonly failures: readonly string[];
}

export const tests: Stage<readonly TestFile[]> = {
  name: "tests",
  title: "Tests on the device",
  seconds: { cuda: 150, cpu: 600 },
  async run({ device, rehearsal }, keep) {
    const files = rehearsal ? ["tests/native/descent.test.ts"] : [
      ...folders.flatMap((folder) =>
        [...Deno.readDirSync(`${root}/${folder}`)].map(({ name }) => `${folder}/${name}`)
          .filter((name) => name.endsWith(".test.ts")).sort()
      ),
      "tests/diagnostics/profile.test.ts",
    ];
    const done: TestFile[] = [], queue = files.values();
    const work = async () => { // a process a file, so that a device error that sticks costs that file alone
      for (const file of queue) {
        done.push(await testFile(file, device));
        keep(done.toSorted((a, b) => a.file < b.file ? -1 : 1));
      }
    };
    const width = Math.max(1, Math.min(8, os.availableParallelism() >> 1));
    await Promise.all(Array.from({ length: width }, work));
    return done.toSorted((a, b) => a.file < b.file ? -1 : 1);
  },
  section(files) {
    const failures = files.flatMap(({ file, failures }) =>
      failures.map((failure) => `- ${file}: ${failure}`)
    );
    return [
      markdownTable([
        ["file", "passed", "failed", "ignored", "s"],
        ...files.map(({ file, passed, failed, ignored, seconds }) =>
          [file, passed, failed, ignored, seconds.toFixed(0)].map(String)
        ),
      ], { align: ["l", "r", "r", "r", "r"] }),
      ...(failures.length > 0 ? [`Failed:\n\n${failures.join("\n")}`] : []),
    ].join("\n\n");
  },
  targets(results) {
    const files = results.tests as readonly TestFile[] | undefined;
    const what = "every test of native/ and training/ passes on the device";
    if (!files?.length) return [{ what, measured: null, met: null }];
    const sum = (of: "passed" | "failed") => files.reduce((total, file) => total + file[of], 0);
    const measured = `${sum("passed")} passed, ${sum("failed")} failed`;
    return [{ what, measured, met: sum("failed") === 0 }];
  },
};

async function testFile(file: string, device: string): Promise<TestFile> {
  const allowed = ["read", "write", "env", "ffi", "run", "sys"].map((name) => `--allow-${name}`);
  const began = performance.now();
  const { success, out, error } = await command(
    Deno.execPath(),
    ["test", "--quiet", "--no-prompt", "--no-check", ...allowed, `${root}/${file}`],
    { NO_COLOR: "1", MASKBENCH_TEST_DEVICE: device },
  );
  return { file, ...countsOf(success, out, error), seconds: (performance.now() - began) / 1000 };
}

/** What `deno test` says of a file, without colours. */
export function countsOf(success: boolean, out: string, error: string): Omit<
  TestFile,
  "file" | "seconds"
> {
  const [, passed = "0", failed = "0", ignored = "0"] =
    /\| (\d+) passed.* \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?/.exec(out) ?? [];
  const names = [...out.matchAll(/^(?! )(.+) \.\.\. FAILED/gm)].map(([, name]) => {
    const reason = reasonOf(out, name!);
    return reason ? `${name}: ${reason}` : name!;
  });
  const whole = /^error: (.*)$/m.exec(out)?.[1] ?? lastLine(error || out);
  const failures = names.length > 0 || success ? names : [`could not be run: ${whole}`];
  return {
    passed: Number(passed),
    failed: Math.max(Number(failed), failures.length),
    ignored: Number(ignored),
    failures,
  };
}

// The first lines of what a failed test, or the first failed step of it, threw.
function reasonOf(out: string, name: string): string | undefined {
  const from = out.split("\n ERRORS \n")[1]?.split("\n FAILURES \n")[0]?.split("\n\n") ?? [];
  const of = from.find((error) => error.trimStart().startsWith(`${name} `)); // name => …, name ... step => …
  const lines = of?.split("\n").map((line) => line.trim()).filter(Boolean) ?? [];
  const begin = lines.findIndex((line) => line.startsWith("error: "));
  if (begin < 0) return undefined;
  const [first, ...rest] = lines.slice(begin, begin + 4);
  const message = [first!.slice("error: ".length), ...rest];
  const stack = message.findIndex((line) => line.startsWith("at "));
  return (stack < 0 ? message : message.slice(0, stack)).join(" ").slice(0, 400);
}
