/** The commands by name. A command gets what stands after its name and returns its exit code, 0 when it returns nothing. */
import { ask } from "./ask";
import { clean, distclean, down } from "./clean";
import { compliance } from "./compliance";
import { doctor } from "./doctor";
import { imagesLock, imagesPush } from "./images";
import { destroy, preview, pulumi, up } from "./lifecycle";
import { kubectl, open } from "./open";
import { policy } from "./policy";
import { render } from "./render";
import { status } from "./status";

export type Command = (args: readonly string[]) => Promise<number | undefined>;

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["up", up],
  ["ask", ask],
  ["open", open],
  ["status", status],
  ["preview", preview],
  ["destroy", destroy],
  ["render", render],
  ["policy", policy],
  ["compliance", compliance],
  ["doctor", doctor],
  ["kubectl", kubectl],
  ["pulumi", pulumi],
  ["images-lock", imagesLock],
  ["images-push", imagesPush],
  ["down", down],
  ["clean", clean],
  ["distclean", distclean],
]);
