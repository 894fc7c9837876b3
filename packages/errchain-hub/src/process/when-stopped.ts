/** A signal that is aborted when the process is asked to end. Asked twice, it ends at once. */
export function whenStopped(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        process.exit(1);
      }
      controller.abort();
    });
  }
  return controller.signal;
}
