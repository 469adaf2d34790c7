// The signals that end a command, with the exit codes that shells know them by.

/** What a terminal, a keyboard and a system send to end a process. */
export const signalExitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Does something that gets these signals for as long as it takes; they then don't end the process by themselves. */
export async function withSignals<Result>(
  onSignal: (signal: Deno.Signal, code: number) => void,
  body: () => Promise<Result>,
): Promise<Result> {
  const listeners = Object.entries(signalExitCodes).map(([name, code]) => {
    const signal = name as Deno.Signal;
    return [signal, () => onSignal(signal, code)] as const;
  });
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  try {
    return await body();
  } finally {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  }
}

/** Runs a program to its end, which gets the signals that this process gets. @returns its exit code */
export async function runChild(command: Deno.Command): Promise<number> {
  let child: Deno.ChildProcess; // started once signals are passed on, so that none ends this process alone
  const { code } = await withSignals(
    (signal) => sendSignal(child, signal),
    () => (child = command.spawn()).status,
  );
  return code;
}

function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the process has ended by itself just now
  }
}
