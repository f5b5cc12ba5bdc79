import { expect } from "chai";
import { ImageBuild } from "../../components/builds/imageBuild";
import { buildScript } from "../../components/builds/scripts";
import { dockerfileOf, imageOf, withBuilds } from "../../stacks/builds";
import { connectionName, connections } from "../../stacks/connections";
import type { BuildConfig } from "../../stacks/schema";
import * as pulumi from "@pulumi/pulumi";
import { cluster, config, digest, problems, reference, tiny, type Fields } from "./support/config";
import { context } from "./support/context";
import { deploy, type Deployed } from "./support/mocks";

const git = { url: "https://git.example.com/ai/models.git" };
const models = [{ name: tiny, folder: "models/tiny" }];
const plain: Fields = { name: "team-models", models, context: { git } };
const pushed: Fields = { ...plain, output: { image: "registry.example.com/ai/team-models", secret: "registry-push" } };
const hooked: Fields = { ...pushed, context: { git: { ...git, secret: "models-git" } }, webhook: { secret: "models-webhook" }, nodeSelector: { zone: "a" } };

const by = (builds: "openshift" | "tekton" | "none", ...all: readonly Fields[]): Fields => ({ ...cluster({ capabilities: { builds } }), builds: all });
const first = (fields: Fields): BuildConfig => {
  const [build] = config(fields).builds;
  if (build === undefined) throw new Error("no build");
  return build;
};

function made(way: "openshift" | "tekton", fields: Fields, platform: "openshift" | "kubernetes" = "openshift", site = {}): Promise<Deployed> {
  const build = first(by(way, fields));
  const args = {
    context: context(platform, site),
    namespace: pulumi.output("ai-development"),
    environment: "development",
    build,
    by: way,
    images: reference,
  } as const;
  return deploy((opts) => new ImageBuild(build.name, args, opts));
}

interface Custom {
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>>;
}
/** The spec of the only object of a kind, custom ones have one type. */
function specOf(deployed: Deployed, kind: string): Readonly<Record<string, unknown>> {
  const found = deployed.resources.map(({ inputs }) => inputs as unknown as Partial<Custom>).filter((object) => object.kind === kind);
  expect(found, kind).to.have.length(1);
  return found[0]?.spec ?? {};
}
const kindsOf = (deployed: Deployed) => deployed.resources.map(({ inputs }) => inputs.kind).filter((kind) => kind !== undefined);

describe("the configuration of builds", () => {
  const fields = (...args: Parameters<typeof by>) => problems(by(...args)).map(({ field }) => field);

  it("is fine on OpenShift, and with Tekton where an image has a place to go", () => {
    expect(fields("openshift", plain)).to.deep.equal([]);
    expect(fields("tekton", pushed)).to.deep.equal([]);
    expect(fields("tekton", hooked)).to.deep.equal([]);
  });

  const wrong: readonly (readonly [what: string, way: "openshift" | "tekton" | "none", build: Fields, field: string])[] = [
    ["nothing builds", "none", plain, "builds[0]"],
    ["only OpenShift has a registry of its own", "tekton", plain, "builds[0].output.image"],
    ["an image of that name is locked", "openshift", { ...plain, name: "ollama" }, "builds[0].name"],
    ["the base is not locked", "openshift", { ...plain, base: "busybox" }, "builds[0].base"],
    ["a commit gets no pushes", "openshift", { ...hooked, context: { git: { ...git, ref: "a".repeat(40) } } }, "builds[0].context.git.ref"],
    ["a folder is there twice", "openshift", { ...plain, models: [...models, ...models] }, "builds[0].models[1].folder"],
    ["a folder is above the repository", "openshift", { ...plain, models: [{ name: tiny, folder: "a/../../b" }] }, "builds[0].models[0].folder"],
    [
      "credentials are in the address",
      "openshift",
      { ...plain, context: { git: { url: "https://me:pw@git.example.com/a.git" } } },
      "builds[0].context.git.url",
    ],
  ];
  for (const [what, way, build, field] of wrong) it(`is refused where ${what}`, () => expect(fields(way, build)).to.deep.equal([field]));

  it("has each name once", () => expect(fields("openshift", plain, plain)).to.deep.equal(["builds[1].name"]));

  const taking = (build: Fields): Fields => ({
    ...by("openshift", build),
    models: [{ name: tiny, source: { kind: "image", image: "team-models", path: "/models/models/tiny" } }],
  });

  it("gives models a source, once it says the digest", () => {
    expect(problems(taking({ ...plain, digest })).map(({ field }) => field)).to.deep.equal([]);
    expect(problems(taking(plain)).map(({ field, allowed }) => [field, allowed])).to.deep.equal([
      ["builds[0].digest", "the digest of the image, since models[0] comes from it"],
    ]);
  });

  it("makes references by digest, of other images as before", () => {
    const images = withBuilds(reference, config(taking({ ...plain, digest })));
    expect(images("team-models")).to.equal(`image-registry.openshift-image-registry.svc:5000/ai-development/team-models@${digest}`);
    expect(images("ollama")).to.equal(reference("ollama"));
    expect(imageOf(first(by("tekton", pushed)), { environment: "production" })).to.equal("registry.example.com/ai/team-models");
  });
});

describe("the Dockerfile of a build", () => {
  const lines = dockerfileOf(
    {
      models: [
        { name: tiny, folder: "models/tiny" },
        { name: tiny, folder: "b" },
      ],
    },
    "registry.example.com/ollama:1@sha256:abc",
    "a\nb 'c' \"d\"",
  ).split("\n");

  it("checks the folders with the base image, and has nothing of it in the result", () => {
    expect(lines).to.deep.equal([
      "FROM registry.example.com/ollama:1@sha256:abc AS check",
      "WORKDIR /tmp/models",
      'COPY ["models/tiny","/tmp/models/models/tiny"]',
      'COPY ["b","/tmp/models/b"]',
      'RUN ["/bin/bash","-c","a\\nb \'c\' \\"d\\"","prepare","models/tiny","b"]',
      "FROM scratch",
      'COPY --from=check ["/tmp/models","/models"]',
      "",
    ]);
  });
});

describe("a build on OpenShift", () => {
  it("is a BuildConfig and an ImageStream, and nothing else", async () => {
    const deployed = await made("openshift", plain);
    expect(kindsOf(deployed).sort()).to.deep.equal(["BuildConfig", "ImageStream"]);
    expect(specOf(deployed, "ImageStream")).to.deep.equal({ lookupPolicy: { local: true } });
    const spec = specOf(deployed, "BuildConfig");
    expect(spec).to.deep.include({
      runPolicy: "Serial",
      strategy: { type: "Docker", dockerStrategy: {} },
      output: { to: { kind: "ImageStreamTag", name: "team-models:latest" } },
      triggers: [{ type: "ConfigChange" }],
      completionDeadlineSeconds: 3600,
    });
    expect(spec.source).to.deep.include({ type: "Git", git: { uri: git.url, ref: "main" } });
    expect(spec.resources).to.have.nested.property("limits.memory", "4Gi");
    expect(spec).to.not.have.any.keys("nodeSelector", "mountTrustedCA");
  });

  it("goes to a registry where one is named: then there is no ImageStream", async () => {
    const deployed = await made("openshift", hooked, "openshift", {
      pullSecret: "registry-pull",
      trustedCA: true,
      proxy: { url: "http://proxy.example.com:3128", noProxy: [] },
    });
    expect(kindsOf(deployed)).to.deep.equal(["BuildConfig"]);
    const spec = specOf(deployed, "BuildConfig");
    expect(spec).to.deep.include({
      strategy: { type: "Docker", dockerStrategy: { pullSecret: { name: "registry-pull" } } },
      output: { to: { kind: "DockerImage", name: "registry.example.com/ai/team-models:latest" }, pushSecret: { name: "registry-push" } },
      triggers: [{ type: "GitHub", github: { secretReference: { name: "models-webhook" } } }, { type: "ConfigChange" }],
      nodeSelector: { zone: "a" },
      mountTrustedCA: true,
    });
    expect(spec.source).to.have.nested.property("git.httpsProxy", "http://proxy.example.com:3128");
    expect(spec.source).to.have.nested.property("sourceSecret.name", "models-git");
  });
});

describe("a build with Tekton", () => {
  it("is a Task and a Pipeline with an account that has no token, without a webhook", async () => {
    const deployed = await made("tekton", pushed, "kubernetes");
    expect(kindsOf(deployed).sort()).to.deep.equal(["Pipeline", "ServiceAccount", "Task"]);
    expect(deployed.one("ServiceAccount").inputs).to.include({ automountServiceAccountToken: false });
  });

  it("has a listener that GitHub's calls reach, with an account of its own, with one", async () => {
    const deployed = await made("tekton", hooked, "kubernetes");
    expect(kindsOf(deployed).sort()).to.deep.equal([
      "ClusterRoleBinding",
      "EventListener",
      "Pipeline",
      "RoleBinding",
      "ServiceAccount",
      "ServiceAccount",
      "Task",
      "TriggerBinding",
      "TriggerTemplate",
    ]);
    const [trigger] = specOf(deployed, "EventListener").triggers as readonly { readonly interceptors: readonly { readonly params: unknown }[] }[];
    expect(trigger?.interceptors.map(({ params }) => params)).to.deep.equal([
      [
        { name: "secretRef", value: { secretName: "models-webhook", secretKey: "WebHookSecretKey" } },
        { name: "eventTypes", value: ["push"] },
      ],
      [{ name: "filter", value: "body.ref == 'refs/heads/main' && !body.deleted" }],
    ]);
  });

  for (const platform of ["openshift", "kubernetes"] as const) {
    it(`runs restricted steps on ${platform}, as a user that the platform allows`, async () => {
      const deployed = await made("tekton", hooked, platform);
      const task = specOf(deployed, "Task");
      expect(task.stepTemplate).to.have.deep.property("securityContext", {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      const [run] = specOf(deployed, "TriggerTemplate").resourcetemplates as readonly { readonly metadata: object; readonly spec: object }[];
      expect(run?.metadata).to.have.deep.nested.property("labels.app\\.kubernetes\\.io/component", "model-builder");
      expect(run?.spec).to.have.nested.property("timeouts.pipeline", "60m");
      const user = platform === "kubernetes" ? { runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 } : {};
      expect(run?.spec).to.have.deep.nested.property("taskRunTemplate.podTemplate.securityContext", {
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
        ...user,
      });
    });
  }

  it("has secrets as files of the one step that needs them, never in a variable", async () => {
    const task = specOf(await made("tekton", hooked), "Task") as unknown as {
      readonly steps: readonly { readonly name: string; readonly script: string; readonly volumeMounts?: readonly { readonly name: string }[] }[];
      readonly volumes: readonly { readonly name: string }[];
    };
    expect(task.steps.map(({ name, volumeMounts = [] }) => [name, volumeMounts.map((mount) => mount.name)])).to.deep.equal([
      ["clone", ["credentials"]],
      ["prepare", []],
      ["push", ["registry"]],
    ]);
    expect(task.steps.map(({ script }) => script)).to.deep.equal((["clone.sh", "prepare.sh", "push.sh"] as const).map(buildScript));
    expect(JSON.stringify(task)).to.not.contain("secretKeyRef");
    const open = specOf(await made("tekton", { ...pushed, output: { image: "registry.example.com/a" } }), "Task") as unknown as typeof task;
    expect(open.volumes.map(({ name }) => name)).to.deep.equal(["work"]);
  });
});

describe("connections of builds", () => {
  const rows = (fields: Fields) =>
    connections(config(fields))
      .map(connectionName)
      .filter((row) => row.includes("build"));

  it("are none without builds, and then to DNS, the repository and the registry", () => {
    expect(rows(by("openshift"))).to.deep.equal([]);
    expect(rows({ ...by("openshift", plain), network: { downloads: true } })).to.deep.equal([
      "ai-development/model-builder/team-models → dns:dns",
      "ai-development/model-builder/team-models → internet:443",
      "ai-development/model-builder/team-models → openshift-image-registry/*:5000",
    ]);
  });

  it("go through the proxy, and to the site's addresses, where there are any", () => {
    const network = { downloads: true, proxy: { url: "http://proxy.example.com:3128", addresses: ["10.20.0.5/32"] }, allowedAddresses: ["10.30.0.0/24"] };
    expect(rows({ ...by("tekton", pushed), network }).slice(1)).to.deep.equal([
      "ai-development/model-builder/team-models → proxy:3128",
      "ai-development/model-builder/team-models → site:443",
    ]);
  });

  for (const [platform, namespace] of [
    ["openshift", "openshift-pipelines"],
    ["kubernetes", "tekton-pipelines"],
  ]) {
    it(`of a listener are those that starting a build takes on ${platform ?? ""}`, () => {
      expect(rows({ ...by("tekton", hooked), platform }).filter((row) => row.includes("listener"))).to.deep.equal([
        "ai-development/build-listener/team-models → dns:dns",
        "ai-development/build-listener/team-models → api-server:6443",
        `ai-development/build-listener/team-models → ${namespace ?? ""}/*:8443`,
      ]);
    });
  }
});
