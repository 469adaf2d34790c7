// The boundary, function by function: whatever is passed, a call is refused with a clear text or does what is right, and
// no call ends the process. The functions are those of the header, so that a new one can't be forgotten.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ensureNative } from "../../src/native/toolchain/setup.ts";
import { declared } from "./header.ts";

const script = fileURLToPath(new URL("boundary/judge.ts", import.meta.url));
const functions = declared().map(({ name }) => name);

async function child(...args: string[]) {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", ...args],
  }).output();
  const lines = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd().split("\n");
  return { ...output, out: lines(output.stdout), said: lines(output.stderr) };
}

Deno.test("every function of the header refuses a call with a status when an argument is wrong", async () => {
  const findings: string[] = [];
  let calls = 0;
  for (let left = functions; left.length > 0;) {
    const { success, signal, code, out, said } = await child(script, ...left);
    if (success) {
      calls += Number(out.pop());
      findings.push(...out);
      break;
    }
    // It says each call before it makes it. Those of the functions after are made in another process.
    const call = said.findLast((line) => functions.includes(line.split(":")[0]!));
    findings.push(
      `${call} ended the process (${signal ?? code}): ${said.slice(-30).join("\n")}`,
    );
    left = left.slice(left.indexOf(call?.split(":")[0] ?? left.at(-1)!) + 1);
  }
  assert.equal(findings.join("\n"), "");
  assert.ok(calls > 40 * functions.length, `${calls} calls of ${functions.length} functions`);
  console.log(`${calls} calls of ${functions.length} functions`);
});

Deno.test("mb_exit() ends the process with its code when it is called", async () => {
  const { path } = await ensureNative();
  const library = new URL("../../src/native/library.ts", import.meta.url).href;
  for (const [given, told] of [[0, 0], [3, 3], [-1, 255], [2 ** 31 - 1, 255]] as const) {
    const code = `const { exitNow, openLibrary } = await import("${library}");` +
      `openLibrary(${JSON.stringify(path)}); exitNow(${given});`;
    assert.equal((await child(`data:text/typescript,${encodeURIComponent(code)}`)).code, told);
  }
});
