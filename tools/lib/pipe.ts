/** For programs whose output somebody may read only the beginning of: a reader that has seen enough closes the pipe (`… | head`), which is no error. */
export function allowClosedPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
