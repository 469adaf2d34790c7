// Other programs, as stages call them: their lines as they come, and what they said when they failed.

export interface Ended {
  readonly success: boolean;
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/**
 * Runs a program to its end; one that is not there fails with a sentence.
 * @param onLine gets each line of standard output as it comes
 */
export async function command(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
  onLine: (line: string) => void = () => {},
): Promise<Ended> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return { success: false, code: 127, out: "", error: `${program} can't be started` };
  }
  const error = new Response(child.stderr).text();
  let out = "", rest = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += part;
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    lines.forEach(onLine);
  }
  const { success, code } = await child.status;
  return { success, code, out, error: await error };
}

/** The last line that a program said: Python's and compilers' reason. */
export const lastLine = (text: string): string => text.trim().split("\n").at(-1)!.trim();
