// Writes what pages say of the code itself: docs/cli.md from the commands' help, and the lists of docs/sweeps.md from the
// schema and the algorithms. `deno run -A docs/make.ts`; tests/docs.test.ts holds the pages to it.
import { fileURLToPath } from "node:url";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { markdownTable } from "markdown-table";
import { commands } from "../bench/commands.ts";
import { algorithms } from "../src/algorithms/registry.ts";
import { catalogueOf, type CatalogueOption } from "../src/cli/catalogue.ts";
import { commandGroups } from "../src/cli/commands/registry.ts";
import { programOf } from "../src/cli/main.ts";
import { datasets } from "../src/datasets/registry.ts";
import { networks } from "../src/networks/registry.ts";
import { schemaText } from "../src/sweep/schema.ts";

/** The pages that are made, or have parts that are, by their paths. */
export async function madePages(): Promise<Readonly<Record<string, string>>> {
  const sweeps = await Deno.readTextFile(pathOf("sweeps.md"));
  return { "cli.md": await commandPage(), "sweeps.md": withLists(sweeps) };
}

const pathOf = (page: string) => fileURLToPath(new URL(page, import.meta.url));

/** Columns of the terminal that the help is written for. */
const WIDTH = 80;

/** Prints a command's help as `--help` does. */
function helpOf(command: CommandUnknownOpts): string {
  let text = "";
  command.configureOutput({
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
    writeOut: (part) => text += part,
  });
  command.outputHelp();
  return text.trimEnd();
}

async function commandPage(): Promise<string> {
  const program = await programOf(commands);
  const groups = Object.entries(commandGroups).map(([group, heading]) => {
    const members = commands.filter((entry) => entry.group === group).map(({ name }) =>
      program.commands.find((command) => command.name() === name)!
    );
    const texts = members.map((command) => {
      const parts = command.commands.filter((part) => part.name() !== "help");
      return [
        `### ${command.name()}`,
        ...[command, ...parts].map((each) => `\`\`\`text\n${helpOf(each)}\n\`\`\``),
      ].join("\n\n");
    });
    return [`## ${heading.split(" (")[0]}`, ...texts].join("\n\n");
  });
  return `# Commands

Each is \`deno task maskbench COMMAND\`; \`bench\`, \`data\`, \`pack\`, \`report\`, \`baseline\`, \`check\`,
\`peers\`, \`gpu\` and \`soak\` are tasks of their own, too: \`deno task bench\`. \`deno task -q\` leaves out
Deno's own line where the output goes to a file. This page is made of the commands' own help
(\`deno run -A docs/make.ts\`).

Exit codes: 0 done, 1 something failed, 2 a wrong call or file, 3 not all could be compared
(\`check\`), 129, 130 and 143 stopped by a signal.

<!-- deno-fmt-ignore-start -->

${groups.join("\n\n")}

<!-- deno-fmt-ignore-end -->
`;
}

/** The page with its lists made again, each between two comments. */
function withLists(page: string): string {
  const lists = { keys: keyList(), tune: tuneList(), algorithms: algorithmLists() };
  return Object.entries(lists).reduce(
    (text, [name, list]) =>
      text.replace(
        new RegExp(`(<!-- list: ${name} -->)[^]*?(<!-- end -->)`),
        (_, begin, end) =>
          `${begin}\n<!-- deno-fmt-ignore-start -->\n\n${list}\n\n<!-- deno-fmt-ignore-end -->\n${end}`,
      ),
    page,
  );
}

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

type Schema = Property & { readonly properties: Readonly<Record<string, Property>> } & {
  readonly required?: readonly string[];
};

const sweepSchemaJson = (): Schema => JSON.parse(schemaText());

function keyList(): string {
  return propertyTable(sweepSchemaJson());
}

function tuneList(): string {
  return propertyTable(sweepSchemaJson().properties.tune as Schema);
}

function propertyTable({ properties, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([key, property]) => [
    `\`${key}\``,
    [property.description ?? "", allowedText(property)].filter((text) => text !== "").join("; "),
    required.includes(key)
      ? "must be given"
      : property.default === undefined
      ? ""
      : `\`${JSON.stringify(property.default)}\``,
  ]);
  return markdownTable([["key", "what", "default"], ...rows]);
}

function allowedText({ type, enum: values, minimum, maximum, exclusiveMaximum }: Property): string {
  if (values) return values.map((value) => `\`${value}\``).join(" or ");
  if (type === "array") return "a list";
  if (type !== "integer" && type !== "number") return "";
  return [
    type === "integer" ? "a whole number" : "a number",
    ...minimum === undefined ? [] : [`from ${minimum}`],
    ...maximum === undefined ? [] : [`to ${maximum}`],
    ...exclusiveMaximum === undefined ? [] : [`under ${exclusiveMaximum}`],
  ].join(" ");
}

function algorithmLists(): string {
  return catalogueOf({ networks, datasets, algorithms }).algorithms.map((algorithm) => {
    const rows = algorithm.options.map((option) => [
      `\`${option.name}\``,
      option.description,
      `\`${option.allowed}\``.replaceAll("|", "or"),
      defaultText(option),
      option.searched === undefined ? "" : `\`${option.searched.replaceAll("|", "or")}\``,
    ]);
    const header = ["hyper-parameter", "what", "allowed", "default", "`tune` searches"];
    return `### ${algorithm.name}\n\n${sentence(algorithm.summary)}\n\n` +
      (rows.length === 0 ? "It has none." : markdownTable([header, ...rows]));
  }).join("\n\n");
}

const sentence = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;

const defaultText = (option: CatalogueOption) =>
  option.default === undefined ? "" : `\`${option.default}\``;

if (import.meta.main) {
  for (const [page, text] of Object.entries(await madePages())) {
    await Deno.writeTextFile(pathOf(page), text);
  }
}
