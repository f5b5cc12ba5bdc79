import { expect } from "chai";
import { podTemplate, smallContainer, type ContainerArgs, type PodTemplateArgs } from "../../components/common/podTemplate";
import { noProxyOf, siteEnv } from "../../components/common/site";
import type { Site } from "../../components/common/context";
import { context, plainSite } from "./support/context";
import { containersOf, violations, type PodTemplate } from "./support/pods";

const container: ContainerArgs = { name: "main", image: "registry.example.com/app:1", resources: smallContainer };
const proxy = { url: "http://proxy.example.com:3128", noProxy: [".example.com", "10.0.0.0/8"] };

function template(site: Partial<Site> = {}, more: Partial<PodTemplateArgs> = {}, platform: "openshift" | "kubernetes" = "openshift"): PodTemplate {
  const args = {
    part: { name: "app", component: "test", instance: "a" },
    priorityClassName: "ai-batch",
    container,
    serviceAccountName: "app",
    ...more,
  } as const;
  return podTemplate(context(platform, site), args) as unknown as PodTemplate;
}
const everywhere = (pod: PodTemplate) => containersOf(pod).map(({ env = [] }) => Object.fromEntries(env.map(({ name, value }) => [name, value])));

describe("a pod", () => {
  for (const platform of ["openshift", "kubernetes"] as const) {
    it(`passes the restricted standard on ${platform}, with all that a site adds and with nothing`, () => {
      const init = [{ ...container, name: "first" }];
      expect(violations(template({}, { initContainers: init }, platform))).to.deep.equal([]);
      expect(violations(template({ pullSecret: "pull", proxy, trustedCA: true, trustedCAVersion: "1" }, { initContainers: init }, platform))).to.deep.equal([]);
    });
  }

  it("gets nothing from a site that has nothing", () => {
    const pod = template();
    expect(pod.spec).not.to.have.any.keys("imagePullSecrets");
    expect(everywhere(pod)).to.deep.equal([{ NVIDIA_VISIBLE_DEVICES: "void" }]);
    expect(pod.metadata.annotations).to.deep.equal({ "openshift.io/required-scc": "restricted-v2" });
  });

  it("has no empty lists, which the API server would not keep", () => {
    const empty = (value: unknown): boolean =>
      Array.isArray(value) ? value.length === 0 || value.some(empty) : typeof value === "object" && value !== null && Object.values(value).some(empty);
    expect(empty(template())).to.equal(false);
    expect(empty(template({}, { container: { ...container, gpus: 1 } }))).to.equal(false);
  });

  it("is pulled with the site's secret, and has its priority", () => {
    const { spec } = template({ pullSecret: "registry-pull" }, { priorityClassName: "ai-serving" });
    expect([spec.imagePullSecrets, spec.priorityClassName]).to.deep.equal([[{ name: "registry-pull" }], "ai-serving"]);
  });

  it("has the proxy in each container, in both spellings, and reaches the cluster without it", () => {
    const pod = template({ proxy }, { initContainers: [{ ...container, name: "first" }] });
    const noProxy = "localhost,127.0.0.1,::1,.svc,.cluster.local,$(KUBERNETES_SERVICE_HOST),.example.com,10.0.0.0/8";
    expect(everywhere(pod)).to.have.length(2);
    for (const env of everywhere(pod)) {
      for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) expect(env[name], name).to.equal(proxy.url);
      for (const name of ["NO_PROXY", "no_proxy"]) expect(env[name], name).to.equal(noProxy);
    }
  });

  it("names each host that needs no proxy once", () => {
    const site: Site = { ...plainSite, proxy: { ...proxy, noProxy: [".svc", ".example.com", ".example.com"] } };
    expect(noProxyOf(site)).to.equal("localhost,127.0.0.1,::1,.svc,.cluster.local,$(KUBERNETES_SERVICE_HOST),.example.com");
    expect(noProxyOf(site, ["localhost"])).to.equal("localhost,.svc,.example.com");
  });

  it("trusts the site's authorities besides those of its image, in each container", () => {
    const pod = template({ trustedCA: true }, { initContainers: [{ ...container, name: "first" }] });
    expect(pod.spec.volumes).to.deep.equal([{ name: "trusted-ca", configMap: { name: "trusted-ca" } }]);
    for (const { volumeMounts } of containersOf(pod))
      expect(volumeMounts).to.deep.equal([{ name: "trusted-ca", mountPath: "/etc/trusted-ca", readOnly: true }]);
    for (const env of everywhere(pod)) {
      expect(env.SSL_CERT_DIR?.split(":")).to.deep.equal(["/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/trusted-ca"]);
      expect(env.NODE_EXTRA_CA_CERTS).to.equal("/etc/trusted-ca/ca.crt");
      expect(env).not.to.have.property("SSL_CERT_FILE"); // would take the place of the image's
    }
  });

  it("is another one when the authorities change, though it only mounts them", () => {
    const of = (trustedCAVersion: string) => template({ trustedCA: true, trustedCAVersion });
    expect(of("1").metadata.annotations).to.include({ "openshift-ai-platform/trusted-ca-version": "1" });
    expect(of("1").spec).to.deep.equal(of("2").spec);
    expect(of("1")).not.to.deep.equal(of("2"));
  });

  it("keeps its own variables where the site has the same", () => {
    const [env] = everywhere(template({ proxy }, { container: { ...container, env: { NO_PROXY: "*" } } }));
    expect(env?.NO_PROXY).to.equal("*");
  });

  it("asks for GPUs by the site's resource, and tolerates the taint of all their nodes", () => {
    const pod = template({ gpuResource: "nvidia.com/mig-1g.10gb" }, { container: { ...container, gpus: 2 } });
    const { requests, limits } = containersOf(pod)[0]?.resources ?? {};
    for (const amounts of [requests, limits]) {
      expect(amounts).to.include({ "nvidia.com/mig-1g.10gb": "2" });
      expect(amounts).not.to.have.property("nvidia.com/gpu");
    }
    expect(pod.spec.tolerations).to.deep.equal([{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }]);
    expect(template().spec).not.to.have.property("tolerations");
  });

  it("asks for GPUs by a container's own resource, where it has one", () => {
    const gpuResource = "nvidia.com/gpu.shared";
    const pod = template({}, { container: { ...container, gpus: 1, gpuResource } });
    expect(containersOf(pod)[0]?.resources?.limits)
      .to.include({ [gpuResource]: "1" })
      .and.not.to.have.property("nvidia.com/gpu");
  });

  it("has sidecars that start after the other init containers, and are stopped last: init containers that restart", () => {
    const probe = { httpGet: { path: "/", port: 1 } };
    const sidecar = { ...container, name: "beside", probes: { startup: probe, readiness: probe, liveness: probe } };
    const pod = template({}, { initContainers: [{ ...container, name: "first" }], sidecars: [sidecar] });
    expect(pod.spec.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy])).to.deep.equal([
      ["first", undefined],
      ["beside", "Always"],
    ]);
    expect(pod.spec.initContainers?.[1]?.readinessProbe).to.deep.equal(probe);
    expect(pod.spec.containers.map(({ name }) => name)).to.deep.equal(["main"]);
    expect(violations(pod)).to.deep.equal([]);
  });

  it("waits before a container is stopped, by time or by a command, and as long as it is told", () => {
    const preStop = (how: ContainerArgs["preStop"]) =>
      containersOf(template({}, { container: { ...container, ...(how ? { preStop: how } : {}) } }))[0]?.lifecycle;
    expect(preStop({ seconds: 5 })).to.deep.equal({ preStop: { sleep: { seconds: 5 } } });
    expect(preStop({ command: ["a", "b"] })).to.deep.equal({ preStop: { exec: { command: ["a", "b"] } } });
    expect(preStop(undefined)).to.equal(undefined);
    expect(template({}, { stopSeconds: 42 }).spec.terminationGracePeriodSeconds).to.equal(42);
    expect(template().spec).not.to.have.property("terminationGracePeriodSeconds");
  });

  it("is spread over zones and nodes where there is a choice", () => {
    const constraints = template({}, { spread: true }).spec.topologySpreadConstraints ?? [];
    expect(constraints.map(({ topologyKey }) => topologyKey)).to.deep.equal(["topology.kubernetes.io/zone", "kubernetes.io/hostname"]);
    expect(new Set(constraints.map(({ whenUnsatisfiable }) => whenUnsatisfiable))).to.deep.equal(new Set(["ScheduleAnyway"]));
  });

  it("has no variables of a site for builds that has none", () => {
    expect(siteEnv(plainSite)).to.deep.equal({});
  });
});
