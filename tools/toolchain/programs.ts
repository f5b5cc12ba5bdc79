/** The catalogue: each program that the platform's tools run, where it comes from and how it is built. Versions stand in tools/programs/NAME/go.mod. */
import { nativeHeaders, staticSeccomp } from "./cgo";
import type { Download } from "./download";
import { pulumiRelease } from "./download";

/** What an own copy of the user must be to be used instead of ours. */
export interface OwnProgram {
  readonly executable: string;
  /** Arguments that print the version. */
  readonly versionArgs: readonly string[];
  /** The oldest version that works. */
  readonly minimum: string;
}

export interface ProgramSpec {
  readonly name: string;
  /** Its folder in tools/programs. */
  readonly module: string;
  /** Where else the folder of its module is, relative to the root: programs of our own that images carry. */
  readonly folder?: string;
  /** The required module whose version is the program's; undefined: the module is all ours, with the version of this project. */
  readonly versionOf?: string;
  /** Packages to build; each gives an executable named after the last part of its path, "." after the folder. */
  readonly packages: readonly string[];
  /** Linker flags beside -s -w; `version` as in go.mod: "v1.2.3". */
  readonly ldflags?: (version: string) => readonly string[];
  readonly tags?: readonly string[];
  /** Builds with C code: what has to be set in the environment for it, after having got what it needs. */
  readonly cgo?: () => Promise<Readonly<Record<string, string>>>;
  /** Further names of executables: name → executable. */
  readonly links?: Readonly<Record<string, string>>;
  readonly own?: OwnProgram;
  readonly download?: (version: string) => Download;
}

const kubernetesVersion = (version: string): readonly string[] => {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const symbol = "k8s.io/component-base/version";
  return [`-X ${symbol}.gitVersion=${version}`, `-X ${symbol}.gitMajor=${major}`, `-X ${symbol}.gitMinor=${minor}`];
};

/** As a library Prometheus counts its versions otherwise: module 0.312.0 is release 3.12.0. */
export function prometheusRelease(version: string): string {
  return version.replace(/^0\.(\d)(\d\d)\./, (_, major: string, minor: string) => `${major}.${Number(minor)}.`);
}

const statically = '-extldflags "-static"';

const specs = {
  pulumi: {
    module: "pulumi",
    versionOf: "github.com/pulumi/pulumi/pkg/v3",
    packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
    ldflags: (version) => [`-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`],
    own: { executable: "pulumi", versionArgs: ["version"], minimum: "3.250.0" },
    download: pulumiRelease,
  },
  // Kubernetes, etcd and kubectl are one executable that looks at the name it was started under.
  cluster: {
    module: "cluster",
    versionOf: "k8s.io/kubernetes",
    packages: [
      ".",
      "sigs.k8s.io/metrics-server/cmd/metrics-server",
      "sigs.k8s.io/kwok/cmd/kwok",
      "github.com/containernetworking/plugins/plugins/main/bridge",
      "github.com/containernetworking/plugins/plugins/main/loopback",
      "github.com/containernetworking/plugins/plugins/ipam/host-local",
      "github.com/containernetworking/plugins/plugins/meta/portmap",
    ],
    ldflags: kubernetesVersion,
    links: Object.fromEntries(
      ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"].map((name) => [name, "cluster"]),
    ),
  },
  coredns: { module: "coredns", versionOf: "github.com/coredns/coredns", packages: ["github.com/coredns/coredns"] },
  "local-path-provisioner": {
    module: "local-path-provisioner",
    versionOf: "github.com/rancher/local-path-provisioner",
    packages: ["github.com/rancher/local-path-provisioner"],
  },
  containerd: {
    module: "containerd",
    versionOf: "github.com/containerd/containerd/v2",
    packages: ["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => `github.com/containerd/containerd/v2/cmd/${name}`),
    tags: ["no_btrfs", "no_zfs", "no_devmapper"],
  },
  // Static, so that it runs without the libseccomp of the machine.
  runc: {
    module: "runc",
    versionOf: "github.com/opencontainers/runc",
    packages: ["github.com/opencontainers/runc"],
    tags: ["seccomp", "netgo", "osusergo"],
    ldflags: (version) => [`-X main.version=${version.slice(1)}`, statically],
    cgo: staticSeccomp,
  },
  ollama: {
    module: "ollama",
    versionOf: "github.com/ollama/ollama",
    packages: ["github.com/ollama/ollama"],
    ldflags: (version) => [`-X github.com/ollama/ollama/version.Version=${version.slice(1)}`],
    cgo: nativeHeaders,
  },
  pause: { module: "pause", packages: ["."] },
  // Sidecar and router of the model servers.
  "model-proxy": { module: "model-proxy", folder: "images/model-proxy", packages: ["."] },
  kubeconform: {
    module: "kubeconform",
    versionOf: "github.com/yannh/kubeconform",
    packages: ["github.com/yannh/kubeconform/cmd/kubeconform"],
    ldflags: (version) => [`-X main.version=${version}`],
  },
  // Evaluates network policies, which the embedded cluster does not enforce.
  cyclonus: {
    module: "cyclonus",
    versionOf: "github.com/mattfenwick/cyclonus",
    packages: ["github.com/mattfenwick/cyclonus/cmd/cyclonus"],
  },
  traefik: {
    module: "traefik",
    versionOf: "github.com/traefik/traefik/v3",
    packages: ["github.com/traefik/traefik/v3/cmd/traefik"],
    ldflags: (version) => [`-X github.com/traefik/traefik/v3/pkg/version.Version=${version.slice(1)}`],
  },
  "argo-rollouts": {
    module: "argo-rollouts",
    versionOf: "github.com/argoproj/argo-rollouts",
    packages: ["github.com/argoproj/argo-rollouts/cmd/rollouts-controller"],
    ldflags: (version) => [`-X github.com/argoproj/argo-rollouts/utils/version.version=${version}`],
  },
  // With the discovery of Kubernetes only, and without the web pages. promtool checks and tests rules.
  prometheus: {
    module: "prometheus",
    versionOf: "github.com/prometheus/prometheus",
    packages: ["prometheus", "promtool"].map((name) => `github.com/prometheus/prometheus/cmd/${name}`),
    tags: ["remove_all_sd", "enable_kubernetes_sd"],
    ldflags: (version) => [`-X github.com/prometheus/common/version.Version=${prometheusRelease(version.slice(1))}`],
  },
  // Writes images into registries, as builds do.
  crane: {
    module: "crane",
    versionOf: "github.com/google/go-containerregistry",
    packages: ["github.com/google/go-containerregistry/cmd/crane"],
    ldflags: (version) => [`-X github.com/google/go-containerregistry/cmd/crane/cmd.Version=${version.slice(1)}`],
  },
  // Validators for contract tests: NVIDIA's and Tekton's own code.
  "gpu-config": { module: "gpu-config", packages: ["."] },
  "tekton-validate": { module: "tekton-validate", packages: ["."] },
  "prometheus-adapter": {
    module: "prometheus-adapter",
    versionOf: "sigs.k8s.io/prometheus-adapter",
    packages: ["sigs.k8s.io/prometheus-adapter/cmd/adapter"],
  },
  "prometheus-operator": {
    module: "prometheus-operator",
    versionOf: "github.com/prometheus-operator/prometheus-operator",
    packages: ["operator", "prometheus-config-reloader"].map((name) => `github.com/prometheus-operator/prometheus-operator/cmd/${name}`),
    ldflags: (version) => [`-X github.com/prometheus/common/version.Version=${version.slice(1)}`],
  },
} satisfies Record<string, Omit<ProgramSpec, "name">>;

export type ProgramName = keyof typeof specs;

export const programNames = Object.keys(specs) as readonly ProgramName[];

export function specOf(name: ProgramName): ProgramSpec {
  return { name, ...specs[name] };
}
