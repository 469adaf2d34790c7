// The runs of a folder as CSV: Python reads them as the run files say, and the page of formats has every column.
import assert from "node:assert/strict";
import { join } from "node:path";
import { csvParse } from "d3-dsv";
import { maskbench, root } from "../cli/maskbench.ts";

const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";
const isThere = await Deno.stat(python).then(() => true, () => false);
const folders = ["results/published/relaxation-mnist", "results/published/mnist"];

async function printed(folder: string, option: string): Promise<string> {
  const { code, out, error } = await maskbench(["table", folder, option]);
  assert.equal(code, 0, error);
  return out;
}

// Another reader of both: JSON by columns, CSV by Python's module.
const program = `
import csv, json, sys
folder, kind = sys.argv[1:]
rows = list(csv.DictReader(sys.stdin))
files = {}
for line in open(folder + "/runs.jsonl"):
    run = json.loads(line)
    files[run["identity"]] = run
expected = []
for row in rows:
    run = files[row["identity"]]
    configuration, result = run["configuration"], run["result"]
    assert row["algorithm"] == configuration["algorithm"]["name"]
    assert float(row["sparsity"]) == configuration["sparsity"] and int(row["seed"]) == configuration["seed"]
    assert float(row["width"]) == configuration["network"]["width"]
    for name, value in configuration["algorithm"]["parameters"].items():
        text = row["parameter_" + name]
        assert text == (str(value).lower() if isinstance(value, bool) else text)
        assert isinstance(value, (bool, str)) or float(text) == value, (name, text, value)
    if kind == "--per-seed":
        assert float(row["test_accuracy"]) == result["lastTestAccuracy"]
        assert int(row["kept"]) == sum(layer["kept"] for layer in result["layers"])
        assert float(row["total_seconds"]) == result["seconds"]["total"] and row["digest"] == result["digest"]
        continue
    place = result["epochs"]["epoch"].index(int(row["epoch"]))
    for column, key in {"learning_rate": "learningRate", "train_loss": "trainLoss", "test_accuracy": "testAccuracy"}.items():
        assert float(row[column]) == result["epochs"][key][place], (column, row[column])
count = len(files) if kind == "--per-seed" else sum(len(run["result"]["epochs"]["epoch"]) for run in files.values())
assert len(rows) == count, (len(rows), count)
print(count)
`;

for (const option of ["--per-seed", "--curves"]) {
  Deno.test({
    name: `table ${option} prints what Python finds in the run files when a folder has runs${
      isThere ? "" : " (skipped: no python3)"
    }`,
    ignore: !isThere,
    fn: async () => {
      const [folder] = folders;
      const child = new Deno.Command(python, {
        args: ["-c", program, join(root, folder!), option],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(await printed(folder!, option)));
      await writer.close();
      const { success, stdout, stderr } = await child.output();
      assert.ok(success, new TextDecoder().decode(stderr));
      assert.ok(Number(new TextDecoder().decode(stdout)) > 10);
    },
  });
}

Deno.test("table --per-seed and --curves print no column that the page of formats has not", async () => {
  const page = await Deno.readTextFile(join(root, "docs/file-formats.md"));
  const section = page.split("### Columns of `table --per-seed`")[1]!.split("\n## ")[0]!;
  const known = new Set(
    section.split("\n").filter((line) => line.startsWith("|"))
      .flatMap((line) => [...line.split("|")[1]!.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name)),
  );
  for (const folder of folders) {
    for (const option of ["--per-seed", "--curves"]) {
      const { columns } = csvParse(await printed(folder, option));
      const unknown = columns.filter((name) => !known.has(name) && !name.startsWith("parameter_"));
      assert.deepEqual(unknown, [], option);
    }
  }
});
