import { ApiError, type List } from "../api";
import type { Meta } from "../objects";
import { claims } from "./capabilities";
import { ok, skipped, warning, type Check } from "../types";

interface GatewayClass {
  readonly metadata: Meta;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

/** Where traffic from outside would come in. Nothing of the platform is public by itself, so nothing here stops an `up`. */
export const router: Check = {
  id: "router",
  title: "router",
  async run(api, { config }) {
    if (claims(config, "gatewayApi")) {
      const classes = (await api.get<List<GatewayClass>>("/apis/gateway.networking.k8s.io/v1/gatewayclasses"))?.items ?? [];
      const accepted = classes.filter(({ status }) => status?.conditions?.some((condition) => condition.type === "Accepted" && condition.status === "True"));
      if (accepted.length > 0) return [ok(`GatewayClass ${accepted.map(({ metadata }) => metadata.name).join(", ")}`)];
      const found =
        classes.length === 0 ? "no GatewayClass" : `GatewayClass ${classes.map(({ metadata }) => metadata.name).join(", ")}, accepted by no controller`;
      return [warning(found, "a GatewayClass that a controller has accepted", "install a Gateway API controller, or see why it does not accept its class")];
    }
    if (config.platform === "kubernetes") return [skipped("cluster.capabilities.gatewayApi is not claimed: nothing is exposed")];
    const namespace = await api.get("/api/v1/namespaces/openshift-ingress");
    return namespace
      ? [ok("OpenShift's router, namespace openshift-ingress")]
      : [warning("no namespace openshift-ingress", "OpenShift's router", "repair the cluster operator `ingress`, or claim another way in (gatewayApi)")];
  },
};

interface Prometheus {
  readonly metadata: Meta & { readonly namespace: string };
}

/** Whether somebody collects what the platform's ServiceMonitors offer. */
export const monitoring: Check = {
  id: "monitoring",
  title: "monitoring",
  async run(api, { config }) {
    if (!claims(config, "monitoring")) return [skipped("cluster.capabilities.monitoring is not claimed: nothing is scraped")];
    const wanted =
      config.platform === "openshift"
        ? "a Prometheus for user-defined projects in openshift-user-workload-monitoring"
        : "a Prometheus of the Prometheus Operator";
    const fix =
      config.platform === "openshift"
        ? "enableUserWorkload: true in ConfigMap cluster-monitoring-config of openshift-monitoring"
        : "create a Prometheus that selects ServiceMonitors of all namespaces";
    let all: readonly Prometheus[];
    try {
      all = (await api.get<List<Prometheus>>("/apis/monitoring.coreos.com/v1/prometheuses"))?.items ?? [];
    } catch (error) {
      if (error instanceof ApiError && error.status === 403)
        return [warning("no right to list Prometheuses", wanted, "have a cluster administrator run the doctor")];
      throw error;
    }
    const there = config.platform === "openshift" ? all.filter(({ metadata }) => metadata.namespace === "openshift-user-workload-monitoring") : all;
    return there.length > 0
      ? [ok(`Prometheus ${there.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(", ")}`)]
      : [warning("no Prometheus that scrapes the projects", wanted, fix)];
  },
};
