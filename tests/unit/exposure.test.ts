import { expect } from "chai";
import { Exposure, type ExposureArgs } from "../../components/common/exposure";
import type { PlatformProfile } from "../../components/common/platform";
import { smallContainer } from "../../components/common/podTemplate";
import { ServingCertificate } from "../../components/common/servingCertificate";
import { Workload } from "../../components/common/workload";
import { evaluate } from "../../policy/src/evaluate";
import { kubeObject } from "../../policy/src/objects";
import { policies } from "../../policy/src/policies";
import { defaultSettings } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";
import { plain } from "../../policy/src/values";
import { context, owner } from "./support/context";
import { deploy, type Deployed, type Recorded } from "./support/mocks";

type Name = PlatformProfile["name"];
const issuer = { name: "company", kind: "ClusterIssuer" } as const;
const rateLimit = { of: "requests per key", by: "litellm" } as const;
const gateway = { name: "public", namespace: "gateways", https: "websecure", http: "web" };

function exposed(platform: Name, more: Partial<ExposureArgs> = {}, component = "chat"): Promise<Deployed> {
  return deploy((opts) => {
    const args = { context: context(platform), namespace: "ai-development" };
    const workload = new Workload("chat", {
      ...args,
      part: { name: "open-webui", component, instance: "chat" },
      pod: { priorityClassName: "ai-interactive", container: { name: "main", image: "registry.example.com/app:1", resources: smallContainer } },
      replicas: 1,
      surge: true,
      ports: { http: { port: 8000, targetPort: "http" } },
    });
    new Exposure(
      "chat",
      {
        ...args,
        workload,
        port: "http",
        host: "chat.apps.example.com",
        authentication: { kind: "oidc", by: "open-webui" },
        certificate: { kind: "platform" },
        ...(platform === "kubernetes" ? { gateway, rateLimit } : {}),
        ...more,
      },
      opts,
    );
  });
}
const specOf = ({ inputs }: Recorded) => inputs.spec as Readonly<Record<string, unknown>>;
const named = (made: Deployed, kind: string, name: string) => {
  const found = made.all(kind).find((one) => one.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
};
const metadataOf = ({ inputs }: Recorded) => inputs.metadata as { readonly name: string; readonly annotations: Readonly<Record<string, string>> };

async function refused(platform: Name, more: Partial<ExposureArgs>, component?: string): Promise<string> {
  try {
    await exposed(platform, more, component);
  } catch (error) {
    return String(error);
  }
  throw new Error("it was not refused");
}

describe("an exposure on openshift", () => {
  it("is a Route that ends TLS, sends plain HTTP there, and waits for slow answers", async () => {
    const made = await exposed("openshift");
    expect(made.counts()).to.deep.equal({ Exposure: 1, Route: 1 });
    const route = made.one("Route");
    expect(specOf(route)).to.deep.equal({
      host: "chat.apps.example.com",
      to: { kind: "Service", name: "chat", weight: 100 },
      port: { targetPort: "http" },
      tls: { termination: "edge", insecureEdgeTerminationPolicy: "Redirect" },
      wildcardPolicy: "None",
    });
    expect(metadataOf(route).annotations).to.deep.equal({
      "openshift-ai-platform/authentication": "oidc by open-webui",
      "haproxy.router.openshift.io/timeout": "600s",
      "haproxy.router.openshift.io/timeout-tunnel": "3600s",
      "haproxy.router.openshift.io/hsts_header": "max-age=31536000",
      "haproxy.router.openshift.io/rate-limit-connections": "true",
      "haproxy.router.openshift.io/rate-limit-connections.concurrent-tcp": "200",
      "haproxy.router.openshift.io/rate-limit-connections.rate-tcp": "100",
      "haproxy.router.openshift.io/rate-limit-connections.rate-http": "1000",
    });
  });

  it("takes other time-outs and limits", async () => {
    const timeouts = { idle: 60, tunnel: 120, answer: 180 };
    const { annotations } = metadataOf((await exposed("openshift", { timeouts, limits: { connections: 1, newConnections: 2, requests: 3 } })).one("Route"));
    expect(annotations).to.include({ "haproxy.router.openshift.io/timeout": "60s", "haproxy.router.openshift.io/timeout-tunnel": "120s" });
    expect(annotations).to.include({ "haproxy.router.openshift.io/rate-limit-connections.rate-http": "3" });
  });

  it("lets the router read the one Secret that holds its certificate", async () => {
    const made = await exposed("openshift", { certificate: { kind: "secret", name: "chat-certificate" } });
    expect(specOf(made.one("Route"))).to.have.deep.nested.property("tls.externalCertificate", { name: "chat-certificate" });
    expect(made.one("Role").inputs.rules).to.deep.equal([
      { apiGroups: [""], resources: ["secrets"], resourceNames: ["chat-certificate"], verbs: ["get", "list", "watch"] },
    ]);
    const { roleRef, subjects } = made.one("RoleBinding").inputs;
    expect(roleRef).to.deep.equal({ apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadataOf(made.one("Role")).name });
    expect(subjects).to.deep.equal([{ kind: "ServiceAccount", name: "router", namespace: "openshift-ingress" }]);
    expect(made.all("Certificate")).to.deep.equal([]);
  });

  it("has a certificate made, and waits for it", async () => {
    const made = await exposed("openshift", { certificate: { kind: "cert-manager", issuer } });
    const certificate = made.one("Certificate");
    expect(metadataOf(certificate).annotations).to.include({ "pulumi.com/waitFor": "condition=Ready" });
    expect(specOf(certificate)).to.deep.include({
      secretName: "chat-tls",
      dnsNames: ["chat.apps.example.com"],
      issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "company" },
    });
    expect(specOf(made.one("Route"))).to.have.nested.property("tls.externalCertificate.name", "chat-tls");
  });
});

describe("an exposure on kubernetes", () => {
  it("is a route at the listener for HTTPS, and one at that for HTTP that sends there", async () => {
    const made = await exposed("kubernetes");
    expect(made.counts()).to.deep.equal({ Exposure: 1, HTTPRoute: 2 });
    const parent = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "public", namespace: "gateways" };
    const matches = [{ path: { type: "PathPrefix", value: "/" } }];
    expect(specOf(named(made, "HTTPRoute", "chat"))).to.deep.equal({
      parentRefs: [{ ...parent, sectionName: "websecure" }],
      hostnames: ["chat.apps.example.com"],
      rules: [
        {
          matches,
          filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier: { set: [{ name: "Strict-Transport-Security", value: "max-age=31536000" }] } }],
          backendRefs: [{ group: "", kind: "Service", name: "chat", port: 8000, weight: 1 }],
          timeouts: { request: "3600s" },
        },
      ],
    });
    expect(specOf(named(made, "HTTPRoute", "chat-redirect"))).to.deep.equal({
      parentRefs: [{ ...parent, sectionName: "web" }],
      hostnames: ["chat.apps.example.com"],
      rules: [{ matches, filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https", statusCode: 301 } }] }],
    });
  });

  it("lets the Gateway's namespace use the one Secret that holds its certificate", async () => {
    const made = await exposed("kubernetes", { certificate: { kind: "cert-manager", issuer } });
    expect(specOf(made.one("ReferenceGrant"))).to.deep.equal({
      from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "gateways" }],
      to: [{ group: "", kind: "Secret", name: "chat-tls" }],
    });
    expect(made.one("Certificate").inputs.spec).to.deep.include({ secretName: "chat-tls" });
  });

  it("needs a Gateway, and somebody who limits", async () => {
    const message = await refused("kubernetes", { gateway: undefined, rateLimit: undefined });
    expect(message).to.include("gateway is missing; allowed:").and.include("rateLimit is missing; allowed:");
  });
});

for (const platform of ["openshift", "kubernetes"] as const) {
  describe(`what is public on ${platform}`, () => {
    it("says who authenticates, and bears the labels of what it exposes", async () => {
      const made = await exposed(platform, { authentication: { kind: "bearer", by: "litellm" } });
      for (const one of made.resources.filter(({ type }) => type.startsWith("kubernetes:"))) {
        expect(metadataOf(one).annotations).to.include({ "openshift-ai-platform/authentication": "bearer by litellm" });
        expect(one.inputs.metadata).to.have.property("labels").that.includes({ "app.kubernetes.io/name": "open-webui", "openshift-ai-platform/owner": owner });
      }
    });

    it("violates no policy on the network", async () => {
      const made = await exposed(platform, { certificate: { kind: "cert-manager", issuer } });
      const objects = made.resources.flatMap(({ inputs }, i) => kubeObject(plain(inputs), { id: String(i) }) ?? []);
      const about = policies.filter(({ name }) => name.startsWith("exposure-"));
      const results = evaluate(about, new Stack(objects), { settings: { ...defaultSettings, platform } });
      expect(results.filter(({ outcome }) => outcome !== "passed").map(({ policy, problems }) => [policy.name, problems])).to.deep.equal([]);
      expect([...new Set(results.map(({ policy }) => policy.name))].sort()).to.deep.equal(["exposure-authenticated", "exposure-rate-limit", "exposure-tls"]);
    });

    it("is never a model server", async () => {
      expect(await refused(platform, {}, "model-server")).to.include("workload is a model server; allowed: ");
    });

    it("is refused with all mistakes at once", async () => {
      const message = await refused(platform, { host: "*.example.com", port: "grpc", authentication: { kind: "oidc", by: " " } });
      expect(message).to.include('host is "*.example.com"; allowed:').and.include('port is "grpc"; allowed: http;').and.include('authentication.by is ""');
    });
  });
}

describe("a certificate inside the cluster", () => {
  async function certificate(platform: Name, more: object = { issuer }) {
    let made: ServingCertificate | undefined;
    const deployed = await deploy((opts) => {
      const part = { name: "postgresql", component: "database", instance: "main" };
      made = new ServingCertificate("database", { context: context(platform), namespace: "ai-development", part, service: "database", ...more }, opts);
    });
    if (!made) throw new Error("nothing was made");
    return { made, deployed };
  }

  it("is the platform's on openshift: the Service asks for it, and a ConfigMap gets its authority", async () => {
    const { made, deployed } = await certificate("openshift", {});
    expect(made.serviceAnnotations).to.deep.equal({ "service.beta.openshift.io/serving-cert-secret-name": "database-tls" });
    expect(deployed.counts()).to.deep.equal({ ServingCertificate: 1, ConfigMap: 1 });
    expect(metadataOf(deployed.one("ConfigMap")).annotations).to.deep.equal({ "service.beta.openshift.io/inject-cabundle": "true" });
    expect(deployed.one("ConfigMap").inputs).not.to.have.property("data"); // the operator's
    expect(made.authority("ca")).to.deep.equal({ name: "ca", configMap: { name: "database-ca", items: [{ key: "service-ca.crt", path: "ca.crt" }] } });
  });

  it("is cert-manager's on kubernetes, for all names of the Service; clients get its authority, never its key", async () => {
    const { made, deployed } = await certificate("kubernetes");
    expect(made.serviceAnnotations).to.deep.equal({});
    expect(specOf(deployed.one("Certificate"))).to.deep.include({
      secretName: "database-tls",
      dnsNames: ["database", "database.ai-development", "database.ai-development.svc", "database.ai-development.svc.cluster.local"],
    });
    expect(made.authority("ca")).to.deep.equal({ name: "ca", secret: { secretName: "database-tls", items: [{ key: "ca.crt", path: "ca.crt" }] } });
  });

  it("needs an issuer on kubernetes", async () => {
    expect(await certificate("kubernetes", {}).then(() => "made", String)).to.include("issuer is missing; allowed:");
  });
});
