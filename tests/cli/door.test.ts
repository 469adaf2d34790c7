// The door, `deno task maskbench`: which permissions each command gets, and that nothing is lost on the way to a command
// in a process of its own.
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { commands } from "../../bench/commands.ts";
import settings from "../../deno.json" with { type: "json" };
import { separateCommands, wordsOf } from "../../maskbench.ts";
import { maskbench, root, send, start, withFolder } from "./maskbench.ts";

/** The set that each command is meant to have, where it is not `compute`. */
const sets = {
  data: "download",
  pack: "pack",
  baseline: "look",
  report: "show",
  peers: "peers",
  gpu: "gpu",
  fuzz: "fuzz",
} as const;
const shown = commands.filter(({ group }) => group !== undefined);

Deno.test("every command has the permission set that it is meant to have when the door starts it", () => {
  assert.deepEqual([...separateCommands].sort(), Object.keys(sets).sort());
  for (const command of separateCommands) {
    const words = wordsOf(command, ["--option"]);
    assert.deepEqual(words.filter((word) => /^-P|^-A|^--allow/.test(word)), [
      `-P=${sets[command]}`,
    ]);
    assert.ok(words.includes(join(root, "deno.json")), "another folder's sets");
    assert.equal(words.at(-1), "--option");
  }
  assert.match(settings.tasks.maskbench.command, / -P=compute maskbench\.ts$/);
});

Deno.test("SECURITY.md names the commands of a permission set when deno.json has the set", async () => {
  const rows = (await Deno.readTextFile(join(root, "SECURITY.md"))).matchAll(
    /^\| `(\w+)` +\| ([^|]*?) +\|/gm,
  );
  const named = Object.fromEntries([...rows].map(([, set, commands]) => [set!, commands!]));
  assert.deepEqual(Object.keys(named).sort(), Object.keys(settings.permissions).sort());
  for (const [command, set] of Object.entries(sets)) assert.equal(named[set], `\`${command}\``);
  assert.equal(named.compute, "all that are not below");
});

Deno.test("a task starts a command with the door's permissions when it is named like it", () => {
  for (const { name } of commands) {
    const task = (settings.tasks as Record<string, { command: string } | undefined>)[name];
    const set = (sets as Record<string, string | undefined>)[name] ?? "compute";
    if (task) assert.match(task.command, new RegExp(` -P=${set} `), name);
    else assert.equal(set, "compute", name);
  }
});

Deno.test("maskbench --help shows every command in a group when it is not internal", async () => {
  const { code, out } = await maskbench(["--help"]);
  assert.equal(code, 0);
  for (const { name } of shown) assert.match(out, new RegExp(`^  ${name} `, "m"));
  assert.doesNotMatch(out, /^ {2}(task|fuzz) /m);
  assert.equal(out.match(/^\w.* \(deno task maskbench .*\):$/gm)?.length, 6);
});

Deno.test("maskbench COMMAND --help shows an example when the command has a door or a task", async () => {
  for (const { name, load } of shown) {
    const command = await load();
    let help = "";
    command.configureOutput({ writeOut: (text) => help += text }).outputHelp();
    assert.match(help, /^Examples?\b.*:\n.*deno task /m, name);
    const options = help.matchAll(/^ {2}(?:-\w, )?--[\w-]+(?: <.*?>)? +(.*)$/gm);
    for (const [, description] of options) {
      assert.match(description!, /^\w+.* \w/, `${name}: "${description}" is no phrase`);
    }
  }
});

Deno.test("maskbench names the command that was meant, and exits 2, when a command has a typo", async () => {
  for (const [typo, meant] of [["bnch", "bench"], ["reprot", "report"], ["gpus", "gpu"]]) {
    const { code, error } = await maskbench([typo!]);
    assert.equal(code, 2);
    assert.ok(error.includes(`"${typo}" is not known: did you mean "${meant}"?`), error);
  }
  const { error } = await maskbench(["tsk"]);
  assert.doesNotMatch(error, /"task"/); // internal
});

Deno.test("maskbench passes on words, folder and exit code when a command is a separate process", () =>
  withFolder(async (folder) => {
    const env = { INIT_CWD: dirname(folder) };
    const missing = await maskbench(["report", `${basename(folder)}/no such`], env);
    assert.equal(missing.code, 2, missing.error);
    assert.ok(missing.error.includes("no such"), missing.error);
    assert.equal(missing.out, "");
    const packed = await maskbench(["pack", folder, "--to", folder]);
    assert.equal(packed.code, 2);
    assert.doesNotMatch(packed.error, /may not load a decoder/); // but that there are no pictures
  }));

/** A file of /proc, which Deno reads with all permissions alone; empty where there is none. */
async function kernelFile(path: string): Promise<string> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${path}`] }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("maskbench ends a separate command, with the signal's exit code, when it gets a signal", () =>
  withFolder(async (folder) => {
    for (const split of ["train", "val"]) {
      await Deno.mkdir(join(folder, "few", split, "cat"), { recursive: true });
      await Deno.writeTextFile(join(folder, "few", split, "cat/1.png"), "");
    }
    await Deno.mkdir(join(folder, "packed"));
    // Another process has it locked: the command waits as long as that lasts.
    using lock = await Deno.open(join(folder, "packed/.few-32.lock"), {
      write: true,
      create: true,
    });
    await lock.lock(true);
    for (const [signal, expected] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
      const door = start(["pack", join(folder, "few"), "--size", "32", "--to", folder]);
      const said = door.stderr.getReader();
      const { value } = await said.read();
      assert.match(new TextDecoder().decode(value), /another process packs few-32: waiting for it/);
      said.releaseLock();
      const command = (await kernelFile(`${door.pid}/task/${door.pid}/children`)).trim();
      assert.match(await kernelFile(`${command}/cmdline`), /-P=pack\0.*pack/);
      send(door, signal);
      const { code } = await door.output();
      assert.equal(code, expected);
      assert.equal(await kernelFile(`${command}/cmdline`), "", "it lives on");
    }
  }));

Deno.test("runChild() passes signals, stdin and stdout on when a child runs, however often signals come", async () => {
  const script = `
    n=0; trap 'n=$((n + 1)); echo "signal $n"' INT
    read line; echo "read $line"
    while [ $n -lt 2 ]; do sleep 0.05; done
    exit 7`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-run=sh", "tests/cli/forwarder.ts", script],
    ...{ cwd: root, stdin: "piped", stdout: "piped", stderr: "null" },
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode("a line\n"));
  await stdin.close();
  let said = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    const before = said;
    said += part;
    if (!before.includes("read") && said.includes("read")) child.kill("SIGINT");
    if (!before.includes("signal 1") && said.includes("signal 1")) child.kill("SIGINT");
  }
  assert.equal(said, "read a line\nsignal 1\nsignal 2\n");
  assert.equal((await child.status).code, 7);
});
