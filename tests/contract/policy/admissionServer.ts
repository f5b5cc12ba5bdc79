/** An API server with policies of admission, and what it says of objects in a dry run. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { parse } from "yaml";
import type { AdmissionObject } from "../../../policy/src/admission/manifests";
import type { Fields } from "../../../policy/src/values";
import type { Cluster } from "../../../tools/cluster";
import type { KubeObject } from "../../../tools/cluster/api";
import { withApi } from "../../../tools/cluster/addons/install";
import { eventually } from "../cluster/support";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly warnings: readonly string[];
}

/** What the server says of an object that is not kept. */
export type Verdict =
  | { readonly kind: "accepted"; readonly warned: readonly string[] }
  /** Refused by the server's own checks, before any policy. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "not served" };

interface Served {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export class AdmissionServer {
  private readonly agent: Agent;
  private readonly server: string;
  private enforced = 0;
  private readonly groups = new Map<string, Promise<readonly Served[]>>();

  constructor(private readonly cluster: Cluster) {
    const { clusters } = parse(readFileSync(cluster.kubeconfig, "utf8")) as { clusters: readonly { cluster: { server: string } }[] };
    this.server = clusters[0]?.cluster.server ?? "";
    const file = (name: string) => readFileSync(join(cluster.dir, "pki", name));
    this.agent = new Agent({ keepAlive: true, maxSockets: 8, ca: file("ca.crt"), cert: file("admin.crt"), key: file("admin.key") });
  }

  close(): void {
    this.agent.destroy();
  }

  /** Makes objects that the cases need around them. */
  async apply(objects: readonly KubeObject[]): Promise<void> {
    await withApi(this.cluster, (api) => api.apply(objects));
  }

  /** The API resource of a kind, or undefined where the server has none. */
  async servedAs(apiVersion: string, kind: string): Promise<Served | undefined> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const list = this.groups.get(path) ?? this.call("GET", path).then(({ status, text }) => (status === 200 ? (JSON.parse(text) as { resources: Served[] }).resources : [])); // prettier-ignore
    this.groups.set(path, list);
    return (await list).find((one) => one.kind === kind && !one.name.includes("/"));
  }

  /** Asks for an object to be made, without making it. @param namespace for those that belong to one */
  async verdict(object: Fields, namespace: string): Promise<Verdict> {
    const { apiVersion, kind } = object;
    if (typeof apiVersion !== "string" || typeof kind !== "string") return { kind: "not served" };
    const served = await this.servedAs(apiVersion, kind);
    if (served === undefined) return { kind: "not served" };
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const scope = served.namespaced ? `/namespaces/${namespace}` : "";
    const { status, text, warnings } = await this.call("POST", `${root}${scope}/${served.name}?dryRun=All&fieldValidation=Strict`, object);
    // One of that name is there already: found out after the policies were asked.
    if (status >= 300 && status !== 409) return { kind: "refused", message: messageOf(text) };
    return { kind: "accepted", warned: warnings.flatMap((warning) => /ValidatingAdmissionPolicy '([^']+)'/.exec(warning)?.[1] ?? []) };
  }

  /** Puts policies in force: the last of them warns of every ConfigMap in `namespace`, so that is when all of them are. */
  async enforce(objects: readonly AdmissionObject[], namespace: string): Promise<void> {
    const name = `last-${++this.enforced}`;
    const selector = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
    const last: readonly AdmissionObject[] = [
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name, labels: {} },
        spec: {
          matchConstraints: { resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }] },
          validations: [{ expression: "false" }],
        },
      },
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name, labels: {} },
        spec: { policyName: name, validationActions: ["Warn"], matchResources: selector },
      },
    ];
    const all = [...objects, ...last] as unknown as readonly KubeObject[];
    const of = (kind: string) => all.filter((object) => object.kind === kind);
    await this.apply(of("ValidatingAdmissionPolicy"));
    await this.apply(of("ValidatingAdmissionPolicyBinding"));
    await eventually("policies of admission in force", async () => {
      const verdict = await this.verdict({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe" } }, namespace);
      return verdict.kind === "accepted" && verdict.warned.includes(name);
    });
  }

  /** What the API server's type check says of policies, once it has looked at them. */
  async typeWarnings(names: readonly string[]): Promise<readonly string[]> {
    interface Checked {
      readonly metadata: { readonly name: string; readonly generation: number };
      readonly spec: { readonly validations: readonly { readonly expression: string }[] };
      readonly status?: {
        readonly observedGeneration?: number;
        readonly typeChecking?: { readonly expressionWarnings?: readonly { fieldRef: string; warning: string }[] };
      };
    }
    const found = await Promise.all(
      names.map((name) =>
        eventually(`types of ${name} checked`, async () => {
          const { text } = await this.call("GET", `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${name}`);
          const policy = JSON.parse(text) as Checked;
          return policy.status?.observedGeneration === policy.metadata.generation && policy;
        }),
      ),
    );
    return found.flatMap(({ metadata, status }) => (status?.typeChecking?.expressionWarnings ?? []).map(({ fieldRef, warning }) => `${metadata.name} ${fieldRef}: ${warning}`)); // prettier-ignore
  }

  private call(method: string, path: string, body?: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const req = request(`${this.server}${path}`, { method, agent: this.agent, headers, timeout: 30_000 }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (data: string) => (text += data));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text, warnings: response.headersDistinct.warning ?? [] })).on("error", reject);
      });
      req.on("timeout", () => req.destroy(new Error(`${method} ${path}: no answer within 30 s`))).on("error", reject);
      req.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
