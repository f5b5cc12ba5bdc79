import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { canonicalQuantity } from "../../tools/plugins/kubernetes/quantity";
import { checkConfig, diffConfig, readSettings } from "../../tools/plugins/kubernetes/config";
import { covers, diffObject, pathText } from "../../tools/plugins/kubernetes/diff";
import { forceNewFields, replaces } from "../../tools/plugins/kubernetes/force-new";
import { connect } from "../../tools/plugins/kubernetes/kubeconfig";
import { explainConflict, hasOurUpdates, ownedByOthersOnly, takeOver } from "../../tools/plugins/kubernetes/managers";
import { gvkOfType, normalize, prune } from "../../tools/plugins/kubernetes/objects";
import { requireOurs } from "../../tools/plugins/kubernetes/ours";
import { customRule, ruleFor } from "../../tools/plugins/kubernetes/readiness";
import { makeState, withName } from "../../tools/plugins/kubernetes/state";
import { reasons } from "../../tools/plugins/kubernetes/why";
import { ApiError } from "../../tools/plugins/kubernetes/api";
import { isSecret, makeSecret, plainMap, UNKNOWN, type ValueMap } from "../../tools/plugins/lib/values";

const mutable = { enableConfigMapMutable: true, enableSecretMutable: true };
const immutable = { enableConfigMapMutable: false, enableSecretMutable: false };
const options = { ...mutable, namespaced: true, ignoreChanges: [] };
const seed = Buffer.from("seed");
/** A state as after a create, with what the server added. */
const stateOf = (inputs: ValueMap, added: ValueMap = {}): ValueMap =>
  makeState(
    inputs,
    { ...inputs, ...added, metadata: { ...(inputs.metadata as ValueMap), uid: "1", resourceVersion: "5" } },
    inputs,
    "v1",
    "pulumi-kubernetes-1",
  );

describe("quantities", () => {
  const table: readonly [string | number, string][] = [
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1500m", "1500m"],
    [2, "2"],
    ["1024Mi", "1Gi"],
    ["0.5Gi", "512Mi"],
    ["1536Mi", "1536Mi"],
    ["1000k", "1M"],
    ["1e3", "1e3"],
    ["0", "0"],
    ["100", "100"],
    ["soon", "soon"],
  ];
  for (const [given, want] of table) it(`${given} is written ${want}`, () => expect(canonicalQuantity(given)).to.equal(want));
});

describe("a generated name", () => {
  const news = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "a" } };
  it("has eight hex digits from the plan's seed, and a mark", () => {
    const named = withName(news, {}, "settings", seed, undefined);
    expect((named.metadata as ValueMap).name).to.match(/^settings-[0-9a-f]{8}$/);
    expect(withName(news, {}, "settings", seed, undefined)).to.deep.equal(named);
    expect((named.metadata as ValueMap).annotations).to.deep.equal({ "pulumi.com/autonamed": "true" });
  });
  it("stays the one that it was", () => {
    const old = withName(news, {}, "settings", seed, undefined);
    expect(withName(news, old, "settings", Buffer.from("other"), undefined).metadata).to.deep.equal(old.metadata);
  });
  it("is the one that the user's autonaming asks for", () =>
    expect((withName(news, {}, "settings", seed, "proposed").metadata as ValueMap).name).to.equal("proposed"));
  it("is not given to what has a name, known or not", () => {
    for (const name of ["mine", UNKNOWN]) expect(withName({ ...news, metadata: { name } }, {}, "settings", seed, undefined).metadata).to.deep.equal({ name });
  });
});

describe("fields that replace an object", () => {
  const table: readonly [string, string, (string | number)[], boolean][] = [
    ["apps/v1", "Deployment", ["spec", "selector", "matchLabels", "app"], true],
    ["apps/v1", "Deployment", ["spec", "template", "spec", "containers", 0, "image"], false],
    ["apps/v1", "StatefulSet", ["spec", "volumeClaimTemplates", 0, "spec"], true],
    ["batch/v1", "Job", ["spec", "template", "spec", "containers", 0, "image"], true],
    ["batch/v1", "CronJob", ["spec", "jobTemplate", "spec", "template"], false],
    ["v1", "PersistentVolumeClaim", ["spec", "storageClassName"], true],
    ["v1", "PersistentVolumeClaim", ["spec", "resources", "requests", "storage"], false],
    ["v1", "Service", ["spec", "clusterIP"], true],
    ["v1", "Service", ["spec", "selector", "app"], false],
    ["v1", "Pod", ["spec", "containers", 1, "env", 0, "value"], true],
    ["storage.k8s.io/v1", "StorageClass", ["parameters", "type"], true],
    ["rbac.authorization.k8s.io/v1", "RoleBinding", ["roleRef", "name"], true],
    ["rbac.authorization.k8s.io/v1", "RoleBinding", ["subjects", 0, "name"], false],
    ["v1", "ConfigMap", ["metadata", "namespace"], true],
    ["v1", "ConfigMap", ["metadata", "labels", "a"], false],
  ];
  for (const [apiVersion, kind, path, want] of table) {
    it(`${kind} ${pathText(path)}: ${want ? "replaced" : "in place"}`, () =>
      expect(replaces(path, forceNewFields({ apiVersion, kind }, mutable))).to.equal(want));
  }
  it("depend on the provider's options for ConfigMaps and Secrets, and on `immutable`", () => {
    for (const [kind, path] of [
      ["ConfigMap", ["data", "a"]],
      ["Secret", ["data", "a"]],
    ] as const) {
      expect(replaces(path, forceNewFields({ apiVersion: "v1", kind }, mutable))).to.equal(false);
      expect(replaces(path, forceNewFields({ apiVersion: "v1", kind }, immutable))).to.equal(true);
      expect(replaces(path, forceNewFields({ apiVersion: "v1", kind, immutable: true }, mutable))).to.equal(true);
    }
  });
});

describe("the difference between state and program", () => {
  const deployment = (cpu: string, extra: ValueMap = {}): ValueMap => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "a" },
    spec: { template: { spec: { containers: [{ name: "main", resources: { requests: { cpu } }, ...extra }] } } },
  });
  it("is none where only the spelling differs or the server added something", () => {
    const state = stateOf(deployment("1"), { status: { replicas: 1 } });
    expect(diffObject(state, deployment("1000m"), options).changes.size).to.equal(0);
  });
  it("names each leaf by its path", () =>
    expect([...diffObject(stateOf(deployment("1")), deployment("2"), options).changes]).to.deep.equal([
      ["spec.template.spec.containers[0].resources.requests.cpu", { kind: "update", replace: false }],
    ]));
  it("is in place for an added field, and marks a removed one", () => {
    expect([...diffObject(stateOf(deployment("1")), deployment("1", { image: "b" }), options).changes.values()]).to.deep.equal([
      { kind: "add", replace: false },
    ]);
    expect([...diffObject(stateOf(deployment("1", { image: "b" })), deployment("1"), options).changes.values()]).to.deep.equal([
      { kind: "delete", replace: false },
    ]);
  });
  it("replaces a Job that has not completed where replaceUnready says so", () => {
    const job = (annotations: Record<string, string>) => ({ apiVersion: "batch/v1", kind: "Job", metadata: { name: "load", namespace: "a", annotations } });
    const difference = (annotations: Record<string, string>, condition: string) => {
      const inputs = job(annotations);
      const live = { ...inputs, status: { conditions: [{ type: condition, status: "True" }] } };
      return diffObject({ ...live, __inputs: inputs, __initialApiVersion: "batch/v1", __fieldManager: "m" }, inputs, options);
    };
    const wanted = { "pulumi.com/replaceUnready": "true" };
    expect([...difference(wanted, "Failed").changes.values()]).to.deep.equal([{ kind: "update", replace: true }]);
    expect(difference(wanted, "Failed").deleteBeforeReplace).to.equal(true);
    expect(difference(wanted, "Complete").changes.size).to.equal(0);
    expect(difference({}, "Failed").changes.size).to.equal(0);
  });
  it("is a change where a value is not known yet", () => expect(diffObject(stateOf(deployment("1")), deployment(UNKNOWN), options).changes.size).to.equal(1));
  it("is none for an ignored field", () =>
    expect(diffObject(stateOf(deployment("1")), deployment("2"), { ...options, ignoreChanges: ["spec.template"] }).changes.size).to.equal(0));
  it("deletes a named object before its replacement, a renamed one after", () => {
    const selector = { ...deployment("1"), spec: { selector: { matchLabels: { a: "b" } } } };
    expect(diffObject(stateOf(deployment("1")), selector, options).deleteBeforeReplace).to.equal(true);
    const renamed = diffObject(stateOf(deployment("1")), { ...deployment("1"), metadata: { name: "other", namespace: "a" } }, options);
    expect([...renamed.changes]).to.deep.equal([["metadata.name", { kind: "update", replace: true }]]);
    expect(renamed.deleteBeforeReplace).to.equal(false);
  });
  it("keeps secrets out of what it compares as text", () => {
    const secret = (value: string): ValueMap => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "a" }, data: makeSecret({ a: value }) });
    expect(diffObject(stateOf(secret("YQ==")), secret("YQ=="), options).changes.size).to.equal(0);
    expect([...diffObject(stateOf(secret("YQ==")), secret("Yg=="), options).changes.keys()]).to.deep.equal(["data.a"]);
  });
  it("understands paths of ignoreChanges", () => {
    expect(covers("spec.replicas", ["spec", "replicas"])).to.equal(true);
    expect(covers('metadata.annotations["a.b/c"]', ["metadata", "annotations", "a.b/c"])).to.equal(true);
    expect(covers("spec.containers[*].image", ["spec", "containers", 2, "image"])).to.equal(true);
    expect(covers("spec.replicas", ["spec", "template"])).to.equal(false);
  });
});

describe("objects", () => {
  it("are typed by their token", () => {
    expect(gvkOfType("kubernetes:core/v1:Secret")).to.deep.equal({ apiVersion: "v1", kind: "Secret" });
    expect(gvkOfType("kubernetes:argoproj.io/v1alpha1:Rollout")).to.deep.equal({ apiVersion: "argoproj.io/v1alpha1", kind: "Rollout" });
  });
  it("are cut to the shape of what the program said", () => {
    expect(prune({ a: 1, b: { c: 2, d: 3 }, l: [{ x: 1, y: 2 }] }, { b: { c: 0 }, l: [{ x: 0 }] })).to.deep.equal({ b: { c: 2 }, l: [{ x: 1 }] });
  });
  it("have stringData as data", () =>
    expect(normalize({ apiVersion: "v1", kind: "Secret", stringData: { a: "b" }, data: { c: "ZA==" } }).data).to.deep.equal({ a: "Yg==", c: "ZA==" }));
  it("of a Secret are secret in the state", () => {
    const state = makeState({ kind: "Secret", data: { a: "1" } }, { kind: "Secret", data: { a: "1" } }, {}, "v1", "m");
    expect(isSecret(state.data)).to.equal(true);
    expect(isSecret((state.__inputs as ValueMap).data)).to.equal(true);
    expect(plainMap(state).data).to.deep.equal({ a: "1" });
  });
});

describe("field managers", () => {
  const live = (...managedFields: ValueMap[]): ValueMap => ({ metadata: { resourceVersion: "7", managedFields } });
  const entry = (manager: string, operation: string, fields: ValueMap): ValueMap => ({
    manager,
    operation,
    apiVersion: "v1",
    fieldsType: "FieldsV1",
    fieldsV1: fields,
  });
  it("of our create become our apply manager; others stay", () => {
    const patch = takeOver(
      live(entry("pulumi-kubernetes", "Update", { "f:data": { "f:a": {} } }), entry("other", "Apply", { "f:data": { "f:b": {} } })),
      "mine",
    ) as ValueMap[];
    expect(patch[0]).to.deep.equal({ op: "replace", path: "/metadata/resourceVersion", value: "7" });
    expect(patch[1]?.value).to.deep.equal([entry("other", "Apply", { "f:data": { "f:b": {} } }), entry("mine", "Apply", { "f:data": { "f:a": {} } })]);
  });
  it("that are in order need no patch", () => expect(takeOver(live(entry("mine", "Apply", {})), "mine")).to.equal(undefined));
  it("of a status update are never touched", () =>
    expect(hasOurUpdates(live({ ...entry("pulumi-kubernetes", "Update", {}), subresource: "status" }))).to.equal(false));
  it("tell who holds an ignored field", () => {
    const object = live(entry("mine", "Apply", { "f:spec": {} }), entry("hpa", "Update", { "f:spec": { "f:replicas": {} } }));
    expect(ownedByOthersOnly(object, "mine", ["spec", "replicas"])).to.equal(true);
    expect(ownedByOthersOnly(object, "hpa", ["spec", "replicas"])).to.equal(false);
  });
  it("in a conflict are named with the field and the way out", () => {
    const error = explainConflict(
      new ApiError(409, "Conflict", "x", [{ reason: "FieldManagerConflict", field: ".spec.replicas", message: 'conflict with "hpa"' }]),
      "mine",
    );
    expect(error.message).to.include('.spec.replicas: conflict with "hpa"').and.include("patchForce");
  });
});

describe("the provider's configuration", () => {
  const kubeconfig = (server: string, user: ValueMap = { token: "t" }): string =>
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "k", user: "u", namespace: "n" } }],
      clusters: [{ name: "k", cluster: { server, "certificate-authority-data": Buffer.from("CA").toString("base64") } }],
      users: [{ name: "u", user }],
    });
  it("is read from content, with flags and the context's namespace", () => {
    const settings = readSettings(
      new Map([
        ["kubernetes:config:kubeconfig", kubeconfig("https://a")],
        ["kubernetes:config:enableSecretMutable", "true"],
      ]),
      { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" },
    );
    expect(settings).to.deep.include({ namespace: "n", enableSecretMutable: true, enableConfigMapMutable: false, upsertExistingObjects: true });
    expect(settings.connection).to.deep.include({ server: "https://a", authorization: "Bearer t" });
  });
  it("says what is wrong with a kubeconfig, without its content", () => {
    expect(() => connect(kubeconfig("https://a"), { context: "x" })).to.throw("no context x (there are: c)");
    expect(() => connect(kubeconfig("https://a", { exec: { command: "aws" } }))).to.throw(/logs in with exec \(aws\).*official kubernetes plugin/);
    expect(() => connect("/no/such/file")).to.throw("no file /no/such/file");
    expect(() => connect("a: [secret\nb: }")).to.throw(/^(?!.*secret).*not valid YAML/);
  });
  it("replaces everything when the cluster changes, and nothing when only the way to it does", () => {
    const replaced = (olds: ValueMap, news: ValueMap) => [...diffConfig(olds, news).changes].filter(([, change]) => change.replace).map(([key]) => key);
    expect(replaced({ kubeconfig: kubeconfig("https://a") }, { kubeconfig: kubeconfig("https://b") })).to.deep.equal(["kubeconfig"]);
    expect(replaced({ kubeconfig: kubeconfig("https://a") }, { kubeconfig: kubeconfig("https://a", { token: "new" }) })).to.deep.equal([]);
    expect(
      replaced({ kubeconfig: kubeconfig("https://a"), clusterIdentifier: "1" }, { kubeconfig: kubeconfig("https://b"), clusterIdentifier: "1" }),
    ).to.deep.equal([]);
    expect(replaced({ clusterIdentifier: "1" }, { clusterIdentifier: "2" })).to.deep.equal(["clusterIdentifier"]);
    expect(replaced({ kubeconfig: kubeconfig("https://a") }, { kubeconfig: UNKNOWN })).to.deep.equal(["kubeconfig"]);
  });
  it("refuses by name what is not here", () =>
    expect(checkConfig({ renderYamlToDirectory: "out", enableServerSideApply: "false" }).map((failure) => failure.property)).to.deep.equal([
      "renderYamlToDirectory",
      "enableServerSideApply: false",
    ]));

  describe("of a cluster", () => {
    const folder = mkdtempSync(join(tmpdir(), "oap-ours-"));
    const ours = join(folder, "kubeconfig");
    writeFileSync(ours, kubeconfig("https://a"));
    after(() => rmSync(folder, { recursive: true }));
    it("that is ours passes, by server and CA", () =>
      requireOurs(connect(kubeconfig("https://a", { token: "other" })), { OAP_EMBEDDED_KUBECONFIG: `/no/such/file:${ours}` }));
    it("that is not ours is refused, with the way out", () => {
      expect(() => requireOurs(connect(kubeconfig("https://b")), { OAP_EMBEDDED_KUBECONFIG: ours })).to.throw(
        /context c \(https:\/\/b\) is not an embedded cluster[\s\S]*OAP_STANDIN_ANY_CLUSTER=1/,
      );
      requireOurs(connect(kubeconfig("https://b")), { OAP_STANDIN_ANY_CLUSTER: "1" });
    });
  });
});

describe("readiness", () => {
  const judge = (object: ValueMap, slices: ValueMap[] = []) => ruleFor(object)?.judge(object, () => slices);
  const slice = (...ready: boolean[]): ValueMap => ({
    metadata: { labels: { "kubernetes.io/service-name": "s" } },
    endpoints: ready.map((value) => ({ conditions: { ready: value } })),
  });
  const service = (spec: ValueMap, status: ValueMap = {}): ValueMap => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: { selector: { a: "b" }, ...spec },
    status,
  });
  const deployment = (status: ValueMap): ValueMap => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { generation: 2 },
    spec: { replicas: 2 },
    status: { observedGeneration: 2, ...status },
  });
  const table: readonly [string, ValueMap, ValueMap[], boolean][] = [
    [
      "a Deployment whose controller has not looked yet",
      deployment({ observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2, replicas: 2 }),
      [],
      false,
    ],
    ["a Deployment with old pods", deployment({ updatedReplicas: 2, availableReplicas: 2, replicas: 3 }), [], false],
    [
      "a Deployment that is rolled out",
      deployment({ updatedReplicas: 2, availableReplicas: 2, replicas: 2, conditions: [{ type: "Available", status: "True" }] }),
      [],
      true,
    ],
    ["a Job that is complete", { apiVersion: "batch/v1", kind: "Job", status: { conditions: [{ type: "Complete", status: "True" }] } }, [], true],
    ["a Service with ready endpoints", service({}), [slice(true, true)], true],
    ["a Service with an endpoint that is not ready", service({}), [slice(true, false)], false],
    ["a Service without endpoints object", service({}), [], false],
    ["a headless Service", service({ clusterIP: "None" }), [], true],
    ["a load balancer without address", service({ type: "LoadBalancer" }), [slice(true)], false],
    ["a load balancer with address", service({ type: "LoadBalancer" }, { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } }), [slice(true)], true],
    ["a bound claim", { apiVersion: "v1", kind: "PersistentVolumeClaim", status: { phase: "Bound" } }, [], true],
    [
      "a partitioned StatefulSet",
      {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { generation: 1 },
        spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
        status: { observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 1 },
      },
      [],
      true,
    ],
  ];
  for (const [what, object, slices, want] of table) it(`${what}: ${want ? "ready" : "waited for"}`, () => expect(judge(object, slices)?.ready).to.equal(want));
  it("is not waited for after a Job failed", () => {
    expect(
      judge({
        apiVersion: "batch/v1",
        kind: "Job",
        status: { conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "too often" }] },
      })?.failed,
    ).to.include("BackoffLimitExceeded: too often");
  });
  it("of a Service that chooses no pods settles after ten seconds", () =>
    expect(judge(service({}), [slice()])).to.deep.include({ ready: false, settleMs: 10_000 }));
  it("can be said by the program", () => {
    expect(customRule("condition=Ready").judge({ status: { conditions: [{ type: "Ready", status: "True" }] } }, () => []).ready).to.equal(true);
    expect(customRule('["jsonpath={.status.phase}=Bound","condition=Ready"]').judge({ status: { phase: "Bound" } }, () => []).status).to.equal(
      "waiting for condition=Ready",
    );
    expect(() => customRule("sleep=5")).to.throw("sleep=5");
  });
});

describe("the reason why something is not ready", () => {
  const workload: ValueMap = { kind: "Deployment", metadata: { name: "web", uid: "d" }, spec: { selector: { matchLabels: { app: "web" } } } };
  const pod = (status: ValueMap, spec: ValueMap = {}): ValueMap => ({ metadata: { name: "web-1", uid: "p", labels: { app: "web" } }, spec, status });
  const warning = (uid: string, reason: string, message: string, name = "web-1"): ValueMap => ({
    type: "Warning",
    reason,
    message,
    involvedObject: { uid, name },
  });
  const why = (status: ValueMap, events: ValueMap[] = [], spec: ValueMap = {}, claims: ValueMap[] = []) =>
    reasons(workload, { pods: [pod(status, spec)], events, claims });
  it("is an image that cannot be pulled", () => {
    expect(
      why({ containerStatuses: [{ name: "main", state: { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' } } }] }),
    ).to.deep.equal(['pod web-1: container main: ImagePullBackOff: Back-off pulling image "x"']);
  });
  it("is a container that ends again and again, with its exit code and last words", () => {
    const status = {
      containerStatuses: [
        {
          name: "main",
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
          lastState: { terminated: { reason: "Error", exitCode: 1, message: "one\nno model file\n" } },
        },
      ],
    };
    expect(why(status)).to.deep.equal([
      "pod web-1: container main: CrashLoopBackOff: back-off",
      "pod web-1: container main ended before: Error, exit code 1: no model file (3 restarts)",
    ]);
  });
  it("is the scheduler's", () =>
    expect(
      why({ conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes are available" }] }, [
        warning("p", "FailedScheduling", "0/1 nodes are available"),
      ]),
    ).to.deep.equal(["pod web-1: Unschedulable: 0/1 nodes are available"]));
  it("is a probe or a mount that fails", () =>
    expect(why({}, [warning("p", "Unhealthy", "Readiness probe failed: 503"), warning("p", "FailedMount", "no secret")])).to.deep.equal([
      "pod web-1: Unhealthy: Readiness probe failed: 503",
      "pod web-1: FailedMount: no secret",
    ]));
  it("is an unbound claim", () => {
    const claim: ValueMap = { metadata: { name: "data", uid: "c" }, status: { phase: "Pending" } };
    const events: ValueMap[] = [{ type: "Normal", reason: "WaitForFirstConsumer", message: "waiting", involvedObject: { uid: "c" } }];
    expect(why({}, events, { volumes: [{ persistentVolumeClaim: { claimName: "data" } }] }, [claim])).to.deep.equal([
      "pod web-1: volume claim data is Pending: WaitForFirstConsumer: waiting",
    ]);
  });
  it("is a pod that may not be made", () =>
    expect(reasons(workload, { pods: [], events: [warning("r", "FailedCreate", "exceeded quota", "web-7d4")], claims: [] })).to.deep.equal([
      "FailedCreate: exceeded quota",
    ]));
});
