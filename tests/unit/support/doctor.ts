/** A cluster as the doctor sees it, out of answers by path; and what it is compared with. */
import { profileOf } from "../../../components/common/platform";
import { ownerLabel } from "../../../components/common/labels";
import { parseImagesLock, type ImagesLock } from "../../../images/lock";
import { projects } from "../../../stacks/projects";
import { ApiError, type Access, type Api } from "../../../tools/doctor/api";
import type { Check, Finding, Machine, Wanted } from "../../../tools/doctor/types";
import { config, digest, type Fields } from "./config";

export const owner = "openshift-ai-platform.dev";

/** An answer: an object, a text, undefined for 404, or what is thrown. */
export type Answers = Readonly<Record<string, unknown>>;

export function named(name: string, labels: Readonly<Record<string, string>> = {}, rest: object = {}): object {
  return { metadata: { name, labels }, ...rest };
}

export const owned = (by: string) => ({ [ownerLabel]: by });

export const list = (...items: readonly object[]) => ({ items });

/** A node with GPUs and their taint. */
export function node(
  name: string,
  changes: { spec?: object; labels?: Record<string, string>; allocatable?: Record<string, string>; ready?: boolean; runtime?: string } = {},
): object {
  return {
    metadata: { name, labels: changes.labels ?? {} },
    spec: { taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }], ...changes.spec },
    status: {
      conditions: [{ type: "Ready", status: (changes.ready ?? true) ? "True" : "False" }],
      allocatable: { cpu: "15500m", memory: "130000000Ki", pods: "250", "nvidia.com/gpu": "4", ...changes.allocatable },
      nodeInfo: { containerRuntimeVersion: changes.runtime ?? "containerd://2.1.4", kubeletVersion: "v1.36.3" },
    },
  };
}

const resources = (...names: readonly string[]) => ({ resources: names.map((name) => ({ name, kind: name })) });
const classes = "/apis/storage.k8s.io/v1/storageclasses";
export const storageClass = (name: string, provisioner: string, isDefault = false) => ({
  metadata: { name, labels: {}, annotations: isDefault ? { "storageclass.kubernetes.io/is-default-class": "true" } : {} },
  provisioner,
});

/** A cluster that the stack of `wanted()` can be brought up on. */
export const good: Answers = {
  "/version": { major: "1", minor: "36", gitVersion: "v1.36.3" },
  "/metrics": 'kubernetes_feature_enabled{name="ImageVolume",stage=""} 1\n',
  "/apis/route.openshift.io/v1": resources("routes"),
  "/apis/security.openshift.io/v1": resources("securitycontextconstraints"),
  "/api/v1/nodes": list(node("gpu-1"), node("gpu-2")),
  [classes]: list(storageClass("standard", "rancher.io/local-path", true)),
  "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes": list({
    endpoints: [{ addresses: ["198.18.0.2"] }],
  }),
  "/api/v1/namespaces/openshift-dns/pods?limit=1&labelSelector=dns.operator.openshift.io%2Fdaemonset-dns%3Ddefault": list({}),
  "/api/v1/namespaces/openshift-ingress": named("openshift-ingress"),
};

export const paths = { classes } as const;

export function apiOf(answers: Answers, allowed: (access: Access) => boolean = () => true): Api {
  const answer = (path: string): Promise<unknown> => {
    const found = answers[path];
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  return {
    get: <T>(path: string) => answer(path) as Promise<T | undefined>,
    text: (path) => answer(path) as Promise<string | undefined>,
    allowed: (access) => Promise.resolve(allowed(access)),
  };
}

export const forbidden = (path: string) => new ApiError(403, path, "forbidden");

/** A machine with what is needed. */
export function machine(programs: Readonly<Record<string, string>> = { node: "v24.1.0", kubectl: "" }, env: Readonly<Record<string, string>> = {}): Machine {
  return {
    env,
    which: (program) => (program in programs ? `/usr/bin/${program}` : undefined),
    output: (program) => Promise.resolve(programs[program.slice("/usr/bin/".length)]),
  };
}

export function wanted(fields: Fields = {}, changes: Partial<Wanted> = {}): Wanted {
  const stack = config(fields);
  return {
    stack: "dev",
    config: stack,
    profile: profileOf(stack.platform),
    owner,
    projects: projects(stack),
    images: lock(digest),
    machine: machine(),
    ...changes,
  };
}

export function lock(ollama: string): ImagesLock {
  const text = `ollama:
  image: docker.io/ollama/ollama
  tag: "0.17.4"
  digest: ${ollama}
  pull: true
  recipe: images/recipes/ollama.ts
  madeFrom: Go
  usedBy: serving
  licence: MIT
`;
  const { images, problems } = parseImagesLock(text);
  if (!images) throw new Error(problems.join("; "));
  return images;
}

/** What one check finds on a cluster that differs from the good one. */
export function run(
  check: Check,
  answers: Answers = {},
  fields: Fields = {},
  changes: Partial<Wanted> & { allowed?: (access: Access) => boolean } = {},
): Promise<readonly Finding[]> {
  const { allowed, ...rest } = changes;
  return check.run(apiOf({ ...good, ...answers }, allowed), wanted(fields, rest));
}

/** The findings of a status, as lines with what to do. */
export function lines(findings: readonly Finding[], status: Finding["status"]): string[] {
  return findings.filter((finding) => finding.status === status).map(({ found, wanted: must, fix }) => [found, must, fix].filter(Boolean).join(" | "));
}
