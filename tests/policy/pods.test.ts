/** Pods are found wherever a kind carries one, and nothing in an object makes the search fail. */
import { expect } from "chai";
import { evaluateObject } from "../../policy/src/evaluate";
import { kubeObject, type KubeObject } from "../../policy/src/objects";
import { podsOf } from "../../policy/src/pods";
import { policies } from "../../policy/src/policies";
import { defaultSettings } from "../../policy/src/settings";
import { Malformed, NotDecided, plain, UNKNOWN } from "../../policy/src/values";

const container = { name: "web", image: "quay.io/example/web:1.0.0" };
const pod = { containers: [container] };

function objectOf(apiVersion: string, kind: string, fields: object): KubeObject {
  const object = kubeObject(plain({ apiVersion, kind, metadata: { name: "web", labels: { app: "web" } }, ...fields }), { id: "test" });
  if (object === undefined) throw new Error("no object");
  return object;
}
const places = (object: KubeObject) => podsOf(object).map(({ template }) => template.path);
const containers = (object: KubeObject) => podsOf(object).flatMap((one) => one.containers().map(({ view }) => view.path));
const tekton = (kind: string, spec: object, version = "v1") => objectOf(`tekton.dev/${version}`, kind, { spec });

describe("pods", () => {
  it("are found in every kind of Kubernetes that carries one", () => {
    const template = { spec: { template: { spec: pod } } };
    for (const kind of ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
      expect(places(objectOf("apps/v1", kind, template))).to.deep.equal(["spec.template"]);
    expect(places(objectOf("batch/v1", "Job", template))).to.deep.equal(["spec.template"]);
    expect(places(objectOf("v1", "ReplicationController", template))).to.deep.equal(["spec.template"]);
    expect(places(objectOf("batch/v1", "CronJob", { spec: { jobTemplate: { spec: { template: { spec: pod } } } } }))).to.deep.equal([
      "spec.jobTemplate.spec.template",
    ]);
    expect(containers(objectOf("v1", "Pod", { spec: pod }))).to.deep.equal(["spec.containers[0]"]);
    expect(containers(objectOf("v1", "PodTemplate", { template: { spec: pod } }))).to.deep.equal(["template.spec.containers[0]"]);
    expect(places(objectOf("v1", "Service", { spec: { ports: [] } }))).to.deep.equal([]);
  });

  it("of a Rollout are its own, or its Deployment's", () => {
    expect(containers(objectOf("argoproj.io/v1alpha1", "Rollout", { spec: { template: { spec: pod } } }))).to.deep.equal(["spec.template.spec.containers[0]"]);
    expect(places(objectOf("argoproj.io/v1alpha1", "Rollout", { spec: { workloadRef: { kind: "Deployment", name: "web" } } }))).to.deep.equal([]);
  });

  it("are found in templates of custom resources, as many as there are", () => {
    const knative = objectOf("serving.knative.dev/v1", "Service", { spec: { template: { spec: pod } } });
    expect(containers(knative)).to.deep.equal(["spec.template.spec.containers[0]"]);
    const ray = objectOf("ray.io/v1", "RayCluster", {
      spec: { headGroupSpec: { template: { spec: pod } }, workerGroupSpecs: [{ template: { spec: pod } }, { template: { spec: pod } }] },
    });
    expect(places(ray)).to.deep.equal(["spec.headGroupSpec.template", "spec.workerGroupSpecs[0].template", "spec.workerGroupSpecs[1].template"]);
    const named = objectOf("example.com/v1", "Team", { spec: { replicas: { "gpu-worker.0": { template: { spec: pod } } } } });
    expect(places(named)).to.deep.equal(['spec.replicas["gpu-worker.0"].template']);
  });

  it("are not seen in what only looks like one", () => {
    for (const kind of ["ConfigMap", "Secret", "CustomResourceDefinition", "Build"])
      expect(places(objectOf("v1", kind, { spec: { template: { spec: pod } } })), kind).to.deep.equal([]);
    expect(places(objectOf("example.com/v1", "Policy", { spec: { containers: "all", spec: { containers: "all" } } }))).to.deep.equal([]);
  });

  it("of KServe stand in its components, without a template", () => {
    const service = objectOf("serving.kserve.io/v1beta1", "InferenceService", {
      spec: { predictor: { ...pod, labels: { role: "predictor" } }, transformer: pod, explainer: { model: {} } },
    });
    expect(containers(service)).to.deep.equal(["spec.predictor.containers[0]", "spec.transformer.containers[0]"]);
    expect(podsOf(service)[0]?.labels()).to.deep.equal({ role: "predictor" });
    const runtime = objectOf("serving.kserve.io/v1alpha1", "ServingRuntime", { spec: pod });
    expect(containers(runtime)).to.deep.equal(["spec.containers[0]"]);
    expect(podsOf(runtime).map(({ whole }) => whole)).to.deep.equal([false]);
  });

  it("have init and ephemeral containers, in the order in which they start", () => {
    const object = objectOf("v1", "Pod", {
      spec: { containers: [container], initContainers: [container, { ...container, restartPolicy: "Always" }], ephemeralContainers: [container] },
    });
    const all = podsOf(object).flatMap((one) => one.containers());
    expect(all.map(({ view }) => view.path)).to.deep.equal([
      "spec.initContainers[0]",
      "spec.initContainers[1]",
      "spec.containers[0]",
      "spec.ephemeralContainers[0]",
    ]);
    expect(all.map(({ sidecar }) => sidecar)).to.deep.equal([false, true, false, false]);
    expect(
      podsOf(object)
        .flatMap((one) => one.containers("containers"))
        .map(({ kind }) => kind),
    ).to.deep.equal(["containers"]);
  });

  it("end where a Job, Tekton or their restart policy says so", () => {
    const ends = (object: KubeObject) => podsOf(object).map((one) => one.ends);
    expect(ends(objectOf("v1", "Pod", { spec: pod }))).to.deep.equal([false]);
    expect(ends(objectOf("v1", "Pod", { spec: { ...pod, restartPolicy: "Always" } }))).to.deep.equal([false]);
    for (const restartPolicy of ["Never", "OnFailure"]) expect(ends(objectOf("v1", "Pod", { spec: { ...pod, restartPolicy } }))).to.deep.equal([true]);
    expect(ends(objectOf("kubeflow.org/v1", "PyTorchJob", { spec: { pytorchReplicaSpecs: { Worker: { template: { spec: pod } } } } }))).to.deep.equal([true]);
    expect(ends(tekton("Task", { steps: [container] }))).to.deep.equal([true]);
  });
});

describe("pods of Tekton", () => {
  const step = { name: "build", image: "quay.io/example/build:1.0.0" };

  it("have steps and sidecars as containers, in tasks, pipelines and runs", () => {
    expect(containers(tekton("Task", { steps: [step], sidecars: [step] }))).to.deep.equal(["spec.steps[0]", "spec.sidecars[0]"]);
    expect(containers(tekton("ClusterTask", { steps: [step] }, "v1beta1"))).to.deep.equal(["spec.steps[0]"]);
    expect(containers(tekton("StepAction", step, "v1beta1"))).to.deep.equal(["spec"]);
    const pipeline = {
      tasks: [
        { name: "a", taskRef: { name: "x" } },
        { name: "b", taskSpec: { steps: [step] } },
      ],
      finally: [{ name: "c", taskSpec: { steps: [step] } }],
    };
    expect(containers(tekton("Pipeline", pipeline))).to.deep.equal(["spec.tasks[1].taskSpec.steps[0]", "spec.finally[0].taskSpec.steps[0]"]);
    expect(containers(tekton("TaskRun", { taskSpec: { steps: [step] } }))).to.deep.equal(["spec.taskSpec.steps[0]"]);
    expect(containers(tekton("PipelineRun", { pipelineSpec: pipeline }))).to.deep.equal([
      "spec.pipelineSpec.tasks[1].taskSpec.steps[0]",
      "spec.pipelineSpec.finally[0].taskSpec.steps[0]",
    ]);
    const nested = { tasks: [{ name: "a", pipelineSpec: { tasks: [{ name: "b", taskSpec: { steps: [step] } }] } }] };
    expect(containers(tekton("Pipeline", nested))).to.deep.equal(["spec.tasks[0].pipelineSpec.tasks[0].taskSpec.steps[0]"]);
    const trigger = objectOf("triggers.tekton.dev/v1beta1", "TriggerTemplate", {
      spec: { resourcetemplates: [{ kind: "TaskRun", spec: { taskSpec: { steps: [step] } } }, { kind: "ConfigMap" }, 5] },
    });
    expect(containers(trigger)).to.deep.equal(["spec.resourcetemplates[0].spec.taskSpec.steps[0]"]);
    expect(places(objectOf("example.com/v1", "Task", { spec: { steps: [step] } }))).to.deep.equal([]);
  });

  it("have the pod level of their run, or of their task in it", () => {
    const run = tekton("PipelineRun", {
      taskRunTemplate: { serviceAccountName: "all", podTemplate: { securityContext: { runAsUser: 1 }, hostNetwork: true } },
      taskRunSpecs: [{ pipelineTaskName: "b", serviceAccountName: "own", podTemplate: { securityContext: { runAsUser: 2 } } }],
      pipelineSpec: {
        tasks: [
          { name: "a", taskSpec: { steps: [step] } },
          { name: "b", taskSpec: { steps: [step] } },
        ],
      },
    });
    const seen = podsOf(run).map(({ spec, whole }) => [
      whole,
      spec.string("serviceAccountName"),
      spec.number("securityContext.runAsUser"),
      spec.boolean("hostNetwork"),
    ]);
    expect(seen).to.deep.equal([
      [true, "all", 1, true],
      [true, "own", 2, true],
      [false, "all", 1, true],
      [false, "own", 2, true],
    ]);
    expect(podsOf(run)[0]?.spec.view("serviceAccountName").path).to.equal("spec.taskRunTemplate.serviceAccountName");
    expect(podsOf(run)[1]?.spec.view("serviceAccountName").path).to.equal("spec.taskRunSpecs[0].serviceAccountName");
    const old = tekton("PipelineRun", { serviceAccountName: "all", podTemplate: { hostNetwork: true }, pipelineRef: { name: "x" } }, "v1beta1");
    expect(podsOf(old).map(({ spec }) => [spec.string("serviceAccountName"), spec.boolean("hostNetwork")])).to.deep.equal([["all", true]]);
    expect(podsOf(tekton("Task", { steps: [step] })).map(({ whole, spec }) => [whole, spec.string("serviceAccountName")])).to.deep.equal([[false, undefined]]);
    expect(
      podsOf(tekton("TaskRun", { taskRef: { name: "x" }, podTemplate: { hostNetwork: true } })).map(({ whole, spec }) => [whole, spec.boolean("hostNetwork")]),
    ).to.deep.equal([[true, true]]);
  });

  it("give a step what its template states, but not what it states itself", () => {
    const task = tekton("Task", {
      stepTemplate: {
        securityContext: { privileged: true, runAsUser: 5 },
        env: [
          { name: "A", value: "template" },
          { name: "B", value: "template" },
        ],
        volumeMounts: [{ name: "v", mountPath: "/a" }],
        computeResources: { limits: { cpu: "1", memory: "1Gi" } },
      },
      steps: [
        {
          ...step,
          securityContext: { privileged: false },
          env: [{ name: "A", value: "own" }],
          volumeMounts: [{ name: "v", mountPath: "/b" }],
          computeResources: { limits: { cpu: "2" } },
        },
        { name: "by-reference", ref: { name: "x" } },
      ],
      sidecars: [{ name: "db", image: "quay.io/example/db:1.0.0" }],
    });
    const [own, reference, sidecar] = podsOf(task).flatMap((one) => one.containers());
    expect(own?.view.boolean("securityContext.privileged")).to.equal(false);
    expect(own?.view.number("securityContext.runAsUser")).to.equal(5);
    expect(own?.view.list("env").map((item) => item.string("value"))).to.deep.equal(["own", "template"]);
    expect(own?.view.list("volumeMounts").map((item) => item.string("mountPath"))).to.deep.equal(["/b", "/a"]);
    expect(own?.view.view("resources").map("limits")).to.deep.equal({ cpu: "2", memory: "1Gi" });
    expect(own?.view.view("resources.limits").path).to.equal("spec.steps[0].computeResources.limits");
    expect(reference?.view.has("securityContext")).to.equal(false);
    expect(sidecar?.view.has("securityContext")).to.equal(false);
  });

  it("are not decided where the template of their steps is unknown", () => {
    const [only] = podsOf(tekton("Task", { stepTemplate: UNKNOWN, steps: [step] })).flatMap((one) => one.containers());
    expect(() => only?.view.boolean("securityContext.privileged")).to.throw(NotDecided);
  });

  it("mount the volumes of the task and of the run", () => {
    const run = tekton("TaskRun", { podTemplate: { volumes: [{ name: "a" }] }, taskSpec: { steps: [step], volumes: [{ name: "b" }] } });
    expect(podsOf(run).flatMap((one) => one.volumes().map(({ path }) => path))).to.deep.equal(["spec.taskSpec.volumes[0]", "spec.podTemplate.volumes[0]"]);
  });
});

describe("pods of malformed objects", () => {
  it("are found, and what is unknown or malformed is said when it is read", () => {
    expect(() => podsOf(objectOf("apps/v1", "Deployment", { spec: UNKNOWN }))[0]?.spec).to.throw(NotDecided, "spec is known only after up");
    expect(() => podsOf(objectOf("apps/v1", "Deployment", { spec: { template: UNKNOWN } }))[0]?.spec).to.throw(NotDecided, "spec.template is");
    expect(() => podsOf(objectOf("apps/v1", "Deployment", { spec: "none" }))[0]?.spec).to.throw(Malformed, "must be a map");
    expect(() => podsOf(objectOf("v1", "Pod", { spec: { containers: {} } }))[0]?.containers()).to.throw(Malformed, "must be a list");
    expect(() =>
      podsOf(objectOf("v1", "Pod", { spec: { containers: [null] } }))[0]
        ?.containers()[0]
        ?.present(),
    ).to.throw(Malformed, "must be a container");
    expect(() =>
      podsOf(tekton("Task", { steps: {} }))[0]
        ?.containers()[0]
        ?.view.has("image"),
    ).to.throw(Malformed);
    expect(podsOf(objectOf("apps/v1", "Deployment", {})).flatMap((one) => one.containers())).to.deep.equal([]);
  });

  it("have one unknown container where the list of them is unknown, beside those that are known", () => {
    const [first, second] = podsOf(objectOf("v1", "Pod", { spec: { initContainers: UNKNOWN, containers: [container] } })).flatMap((one) => one.containers());
    expect(() => first?.view.string("name")).to.throw(NotDecided, "spec.initContainers is");
    expect(second?.view.string("name")).to.equal("web");
    expect(places(objectOf("example.com/v1", "Team", { spec: { template: { spec: { containers: UNKNOWN } } } }))).to.deep.equal(["spec.template"]);
  });

  it("are not searched deeper than any kind carries one", () => {
    const nested = (depth: number): object => (depth === 0 ? { template: { spec: pod } } : { inner: nested(depth - 1) });
    expect(places(objectOf("example.com/v1", "Deep", { spec: nested(10) }))).to.have.length(1);
    expect(places(objectOf("example.com/v1", "Deep", { spec: nested(11) }))).to.deep.equal([]);
    expect(places(objectOf("example.com/v1", "Deep", { spec: nested(2000) }))).to.deep.equal([]);
  });

  it("with keys of prototypes are read as what they are: keys", () => {
    const spec = JSON.parse(
      '{"__proto__": {"template": {"spec": {"containers": [{"name": "a"}]}}}, "constructor": {"template": {"spec": {"containers": [{"name": "b"}]}}}}',
    ) as object;
    expect(podsOf(objectOf("example.com/v1", "Odd", { spec })).flatMap((one) => one.containers().map(({ name }) => name))).to.deep.equal(["a", "b"]);
    const odd = JSON.parse('{"containers": [{"__proto__": {"securityContext": {"privileged": false}}, "constructor": 5}]}') as object;
    expect(podsOf(objectOf("v1", "Pod", { spec: odd })).flatMap((one) => one.containers().map(({ view }) => view.has("securityContext")))).to.deep.equal([
      false,
    ]);
  });

  it("with 10,000 containers are evaluated by every policy, each container by itself", () => {
    const object = objectOf("v1", "Pod", {
      spec: { containers: Array.from({ length: 10_000 }, (_, i) => ({ name: `c${i}`, securityContext: { privileged: i === 9_999 } })) },
    });
    const own = policies.flatMap((policy) => (policy.name === "not-privileged" ? [policy] : []));
    const results = own.flatMap((policy) => (policy.scope === "stack" ? [] : evaluateObject(policy, object, { settings: defaultSettings })));
    expect(results).to.have.length(10_000);
    expect(results.filter(({ outcome }) => outcome === "violated").map(({ unit }) => unit)).to.deep.equal(["spec.containers[9999]"]);
  });

  it("make no policy fail by itself", () => {
    const odd = [
      null,
      5,
      "x",
      true,
      [],
      {},
      [null],
      [5],
      UNKNOWN,
      { containers: null },
      { containers: [[]] },
      { containers: [{ env: 5, ports: [null], resources: [], securityContext: 1, readinessProbe: "x" }], volumes: [1], securityContext: [] },
    ];
    for (const kind of ["Pod", "Deployment", "CronJob", "Job", "Task", "TaskRun", "Pipeline", "PipelineRun", "InferenceService", "ServingRuntime", "Namespace"])
      for (const value of odd)
        for (const fields of [
          { spec: value },
          { spec: { template: { spec: value }, taskSpec: value, steps: value, stepTemplate: value, tasks: value, taskRunSpecs: value, predictor: value } },
        ]) {
          const group =
            {
              InferenceService: "serving.kserve.io/v1beta1",
              ServingRuntime: "serving.kserve.io/v1alpha1",
              Deployment: "apps/v1",
              Job: "batch/v1",
              CronJob: "batch/v1",
              Pod: "v1",
              Namespace: "v1",
            }[kind] ?? "tekton.dev/v1";
          const object = objectOf(group, kind, fields);
          const results = policies
            .filter(({ group: of }) => of === "workload")
            .flatMap((policy) => (policy.scope === "stack" ? [] : evaluateObject(policy, object, { settings: defaultSettings })));
          expect(
            results.filter(({ outcome }) => outcome === "error").map(({ policy, problems }) => `${policy.name} ${kind}: ${problems[0]?.message}`),
          ).to.deep.equal([]);
        }
  });
});
