/** What runs is in the image, or on a volume. */
import { internalHost, internetUrls, offline, installers, hubModel } from "../../downloads";
import type { Container } from "../../pods";
import { containerPolicy, problem, type Problem } from "../../policy";

export const noRuntimeDownload = containerPolicy({
  number: 30,
  name: "no-runtime-download",
  title: "in production no container downloads code or models from the internet when it starts",
  why: "What is downloaded at the start was neither tested nor scanned, differs between replicas, and when the other side doesn't answer, nothing starts.",
  fix: "put the code into the image, have models loaded onto a volume by a Job that verifies their digest, and set HF_HUB_OFFLINE=1",
  group: "images",
  severity: "high",
  controls: { nist: ["CM-7(5)"] },
  parameters: {
    hosts: {
      type: "strings",
      description: "hosts that may be downloaded from, such as a mirror; what begins with a dot stands for all hosts that end so",
      default: [],
    },
  },
  applies: (_, { settings }) => settings.environment === "production",
  check: (container, { parameters: { hosts } }) => {
    const allowed = (host: string): boolean => internalHost(host) || hosts.some((name) => host === name || (name.startsWith(".") && host.endsWith(name)));
    return ["command", "args", "lifecycle.postStart.exec.command"].flatMap((path) => ofText(container, path, allowed)).concat(ofHub(container));
  },
});

function ofText(container: Container, path: string, allowed: (host: string) => boolean): readonly Problem[] {
  const text = container.view.strings(path).join(" ");
  const tool = installers.find(({ pattern }) => pattern.test(text));
  if (tool !== undefined) return [problem(container.view, path, `must not install or fetch anything at start: ${tool.name}`)];
  const host = internetUrls(text).find((one) => !allowed(one));
  return host === undefined ? [] : [problem(container.view, path, `must not download at start: ${host}`)];
}

/** Servers that get a model from the Hugging Face Hub by its name, unless they are told to be offline. */
function ofHub(container: Container): readonly Problem[] {
  const words = [...container.view.strings("command"), ...container.view.strings("args")];
  const model = hubModel(words);
  if (model === undefined) return [];
  const env = new Map(container.view.list("env").map((one) => [one.string("name") ?? "", one.view("value")]));
  if (offline.some((name) => ["1", "true"].includes((env.get(name)?.text("") ?? "").toLowerCase()))) return [];
  return [problem(container.view, "args", `must name a model by its path, or HF_HUB_OFFLINE must be 1: ${model} is downloaded at start`)];
}
