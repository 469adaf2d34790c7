// maskbench doctor: what was found on this machine, what is missing, and the command that mends it.
import { Command } from "@commander-js/extra-typings";
import { examineMachine, type Finding } from "../../diagnostics/doctor.ts";
import { dataFolders } from "../paths.ts";

export const doctorCommand = () =>
  new Command("doctor")
    .description("tell what this machine has for maskbench, and what mends what is missing")
    .option("--json", "print an object instead of text")
    .action(async ({ json }) => {
      const findings = await examineMachine(dataFolders());
      const ok = findings.every(({ state }) => state !== "missing");
      console.log(json ? JSON.stringify({ ok, findings }, null, 2) : textOf(findings));
      if (!ok) Deno.exitCode = 1;
    });

const marks = { ok: "✓", absent: "–", missing: "✗" };

function textOf(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  return findings.flatMap(({ what, found, state, fix }) => [
    `${marks[state]} ${what.padEnd(width)}  ${found}`,
    ...(fix
      ? [`${" ".repeat(width + 4)}${state === "missing" ? "fix it" : "get it"}: ${fix}`]
      : []),
  ]).join("\n");
}
