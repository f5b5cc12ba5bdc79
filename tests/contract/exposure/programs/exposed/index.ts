import * as k8s from "@pulumi/kubernetes";
import { Exposure } from "../../../../../components/common/exposure";
import { smallContainer } from "../../../../../components/common/podTemplate";
import { Workload } from "../../../../../components/common/workload";
import { context as contextOf } from "../../../../unit/support/context";

const {
  OAP_EMBEDDED_KUBECONFIG: kubeconfig = "",
  CONTRACT_PLATFORM: platform,
  CONTRACT_IMAGE: image = "",
  CONTRACT_CERTIFICATE: certificate,
  CONTRACT_KEY: key,
} = process.env;
if (platform !== "openshift" && platform !== "kubernetes") throw new Error(`CONTRACT_PLATFORM is ${platform}`);
const name = "contract-exposed";
const context = contextOf(platform, { proxy: { url: "http://proxy.example.com:3128", noProxy: [".example.com"] }, trustedCA: true });
const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: name, enablePatchForce: true });
const options = { provider };

const priority = new k8s.scheduling.v1.PriorityClass("ai-interactive", { metadata: { name: "ai-interactive" }, value: 100_000 }, options);
const namespace = new k8s.core.v1.Namespace(name, { metadata: { name } }, options).metadata.name;
const metadata = { name: "web-certificate", namespace };
const secret = new k8s.core.v1.Secret(
  "certificate",
  { metadata, type: "kubernetes.io/tls", stringData: { "tls.crt": certificate ?? "", "tls.key": key ?? "" } },
  options,
);

const authorities = new k8s.core.v1.ConfigMap("trusted-ca", { metadata: { name: "trusted-ca", namespace }, data: { "ca.crt": certificate ?? "" } }, options);

const workload = new Workload(
  "web",
  {
    context,
    namespace,
    part: { name: "web", component: "test", instance: "web" },
    pod: {
      priorityClassName: "ai-interactive",
      container: {
        name: "main",
        image,
        command: ["sh", "-c", "echo hello >/tmp/index.html; exec httpd -f -p 8080 -h /tmp"],
        resources: smallContainer,
        writable: { "/tmp": "1Mi" },
        ports: { http: 8080 },
      },
    },
    replicas: 1,
    surge: true,
    ports: { http: { port: 80, targetPort: "http" } },
    after: [priority, authorities],
  },
  options,
);
new Exposure(
  "web",
  {
    context,
    namespace,
    workload,
    port: "http",
    host: "web.apps.example.com",
    authentication: { kind: "oidc", by: "nobody: this is a test" },
    certificate: { kind: "secret", name: metadata.name },
    rateLimit: { of: "nothing", by: "nobody: this is a test" },
    ...(platform === "kubernetes" ? { gateway: { name: "public", namespace: "gateways", https: "websecure", http: "web" } } : {}),
  },
  { provider, dependsOn: [secret] },
);
