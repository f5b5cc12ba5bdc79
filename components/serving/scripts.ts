/** The scripts that run beside Ollama, from `scripts/`; they need nothing but what is in its image. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Volume, VolumeMount } from "../common/podTemplate";

const files = ["alive.sh", "drain.sh", "lib.sh", "load.sh", "ready.sh", "verify.sh"] as const;
export type Script = Exclude<(typeof files)[number], "lib.sh">;

/** Content of the ConfigMap: file name → text. */
export function scriptFiles(): Record<string, string> {
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(__dirname, "scripts", file), "utf8")]));
}

export const scriptsName = "ollama-scripts";
export const scriptsVolume: Volume = { name: "scripts", configMap: { name: scriptsName } };
export const scriptsMount: VolumeMount = { name: "scripts", mountPath: "/scripts", readOnly: true };

export function runScript(script: Script, ...args: readonly string[]): readonly string[] {
  return ["/bin/bash", `/scripts/${script}`, ...args];
}
