// Installs Debian packages, after saying so; or says which command does.
import { UserError } from "../../base/errors.ts";
import { findProgram } from "./which.ts";

/**
 * @param why there is something to install, as the beginning of a sentence
 * @throws {UserError} with the command to type where it can't be done from here
 */
export async function installPackages(
  packages: readonly string[],
  why: string,
  say: (text: string) => void,
): Promise<void> {
  const command = `apt-get install --yes ${packages.join(" ")}`;
  if (!findProgram("apt-get")) {
    throw new UserError(
      `${why}, and there is no apt-get here: install PyTorch, or unpack libtorch and name its ` +
        "folder in LIBTORCH; a C++17 compiler, make and CMake 3.18 are needed, too",
    );
  }
  const root = Deno.uid() === 0;
  if (!root && !findProgram("sudo")) throw new UserError(`${why}: as root, type ${command}`);
  say(`${why}: installing ${packages.join(", ")} with apt-get`);
  const run = async (...args: string[]) => {
    const words = [...(root ? [] : ["sudo"]), "apt-get", "--quiet", ...args];
    const { success, stderr } = await new Deno.Command(words[0]!, {
      args: words.slice(1),
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "inherit",
      stdout: "null",
    }).output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  };
  await run("update"); // where it fails, the install says why
  const failure = await run("install", "--yes", ...packages);
  if (failure === undefined) return;
  throw new UserError(
    `${why}, and "${command}" failed: ${failure.split("\n").slice(-3).join(" ")}`,
  );
}
