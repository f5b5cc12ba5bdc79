import type { StackConfig } from "../../../stacks/schema";
import { ApiError, type Api } from "../api";
import type { ResourceList } from "../objects";
import { ok, problem, skipped, warning, type Check, type Finding } from "../types";

interface Capability {
  /** Group version and resource that tell that it is there. */
  readonly api: string;
  readonly resource: string;
  /** How to get it. */
  readonly install: Readonly<Record<StackConfig["platform"], string>>;
}

const everywhere = (text: string) => ({ openshift: text, kubernetes: text });

/** How each capability shows, by its name in the configuration. */
export const served: Readonly<Record<string, Capability>> = {
  certManager: {
    api: "cert-manager.io/v1",
    resource: "certificates",
    install: { openshift: "install the cert-manager Operator for Red Hat OpenShift", kubernetes: "install cert-manager (cert-manager.io)" },
  },
  egressFirewall: {
    api: "k8s.ovn.org/v1",
    resource: "egressfirewalls",
    install: everywhere("use OVN-Kubernetes as the cluster's network; where it is not, rule hosts by a forward proxy (network.proxy)"),
  },
  gatewayApi: {
    api: "gateway.networking.k8s.io/v1",
    resource: "httproutes",
    install: {
      openshift: "create a GatewayClass for openshift.io/gateway-controller/v1 (OpenShift 4.19)",
      kubernetes: "install a Gateway API controller, with its CRDs",
    },
  },
  metrics: {
    api: "metrics.k8s.io/v1beta1",
    resource: "pods",
    install: { openshift: "repair the cluster operator `monitoring`", kubernetes: "install metrics-server" },
  },
  monitoring: {
    api: "monitoring.coreos.com/v1",
    resource: "servicemonitors",
    install: {
      openshift: "enable monitoring of user-defined projects (enableUserWorkload: true)",
      kubernetes: "install the Prometheus Operator (kube-prometheus-stack)",
    },
  },
  volumeSnapshots: {
    api: "snapshot.storage.k8s.io/v1",
    resource: "volumesnapshotclasses",
    install: everywhere("install the CSI snapshot controller with its CRDs, and a CSI driver that takes snapshots"),
  },
};

export const capabilities: Check = {
  id: "capabilities",
  title: "capabilities",
  async run(api, { config }) {
    const claimed = Object.entries(config.cluster.capabilities);
    return Promise.all(
      claimed.map(async ([name, claims]) => {
        const capability = served[name];
        if (!capability) return warning(`${name}: no check knows how it shows`, "a check for each capability", "add it to tools/doctor/checks/capabilities.ts");
        return findingOf(name, capability, claims, config.platform, await isServed(api, capability));
      }),
    );
  },
};

/** Whether a configuration claims a capability. */
export function claims(config: StackConfig, name: keyof typeof served): boolean {
  return (config.cluster.capabilities as Readonly<Record<string, boolean>>)[name] ?? false;
}

function findingOf(
  name: string,
  { api, resource, install }: Capability,
  claimed: boolean,
  platform: StackConfig["platform"],
  there: boolean | string,
): Finding {
  if (claimed) {
    if (there === true) return ok(`${name}: ${resource} of ${api}`);
    return problem(
      typeof there === "string" ? `${name}: ${api} does not answer: ${there}` : `${name}: claimed, and the cluster serves no ${resource} of ${api}`,
      `${resource} of ${api}, since cluster.capabilities.${name} is true`,
      `${install[platform]}; or set cluster.capabilities.${name} to false`,
    );
  }
  if (there !== true) return skipped(`${name}: not claimed, not there`);
  return warning(`${name}: there, and not claimed`, `cluster.capabilities.${name}: true, to use it`, `set it to true; nothing breaks without`);
}

/** Text: it is registered and does not answer, and why. */
async function isServed(api: Api, { api: group, resource }: Capability): Promise<boolean | string> {
  try {
    const list = await api.get<ResourceList>(`/apis/${group}`);
    return list?.resources.some(({ name }) => name === resource) ?? false;
  } catch (error) {
    // An aggregated API whose server is away: 503.
    if (error instanceof ApiError && error.status >= 500) return error.message;
    throw error;
  }
}
