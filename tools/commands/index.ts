/** The commands by name. A command gets what stands after its name and returns its exit code, 0 when it returns nothing. Each loads what it needs, and no more. */
export type Command = (args: readonly string[]) => Promise<number | undefined>;

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["up", async () => (await import("./lifecycle.js")).up()],
  ["ask", async (args) => (await import("./ask.js")).ask(args)],
  ["open", async () => (await import("./open.js")).open()],
  ["status", async () => (await import("./status.js")).status()],
  ["preview", async (args) => (await import("./lifecycle.js")).preview(args)],
  ["destroy", async () => (await import("./lifecycle.js")).destroy()],
  ["render", async () => (await import("./render.js")).render()],
  ["policy", async () => (await import("./policy.js")).policy()],
  ["compliance", async () => (await import("./compliance.js")).compliance()],
  ["doctor", async (args) => (await import("./doctor.js")).doctor(args)],
  ["kubectl", async (args) => (await import("./open.js")).kubectl(args)],
  ["pulumi", async (args) => (await import("./lifecycle.js")).pulumi(args)],
  ["images-lock", async () => (await import("./images.js")).imagesLock()],
  ["images-push", async (args) => (await import("./images.js")).imagesPush(args)],
  ["down", async () => (await import("./clean.js")).down()],
  ["clean", async () => (await import("./clean.js")).clean()],
  ["distclean", async () => (await import("./clean.js")).distclean()],
]);
