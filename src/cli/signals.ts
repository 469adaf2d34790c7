// The signals that end a command, with the exit codes that shells know them by.

/** What a terminal, a keyboard and a system send to end a process. */
export const signalExitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Does something that is told of these signals for as long as it takes; they then don't end the process by themselves. */
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
