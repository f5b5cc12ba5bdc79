/** A build with Tekton: Task and Pipeline of tekton.dev/v1, and the PipelineRun that starts them. Pure. */
import { imageOf } from "../../stacks/builds";
import type { BuildConfig, StackConfig } from "../../stacks/schema";
import type { PlatformProfile } from "../common/platform";
import { buildScript, type BuildScript } from "./scripts";

export interface TektonArgs {
  readonly build: BuildConfig;
  readonly environment: StackConfig["environment"];
  /** Reference of the image with Git and crane. */
  readonly tools: string;
  /** Variables of the site's proxy and authorities. */
  readonly env: Readonly<Record<string, string>>;
}

const work = "/work";
const credentials = "/credentials";
const registry = "/registry";

/** What restricted pods must say of each container. */
export const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;

export function taskSpec({ build, environment, tools, env }: TektonArgs): object {
  const { git } = build.context;
  const { secret } = build.output;
  const folders = build.models.map(({ folder }) => folder);
  const site = Object.entries(env).map(([name, value]) => ({ name, value }));
  const step = (name: BuildScript, more: object, variables: Readonly<Record<string, string>> = {}) => ({
    name: name.replace(".sh", ""),
    image: tools,
    script: buildScript(name),
    env: [...site, ...Object.entries({ HOME: work, ...variables }).map(([key, value]) => ({ name: key, value }))],
    ...more,
  });
  return {
    description: `Builds ${build.name}: an image with ${build.models.map(({ name }) => name).join(", ")}`,
    params: [{ name: "revision", type: "string", default: "", description: "commit; default: the newest of the branch" }],
    results: [
      { name: "IMAGE_URL", type: "string", description: "repository of the image" },
      { name: "IMAGE_DIGEST", type: "string", description: "its digest, for builds[].digest" },
    ],
    stepTemplate: {
      securityContext: restricted,
      computeResources: {
        requests: { cpu: "100m", memory: "256Mi", "ephemeral-storage": "64Mi" },
        limits: { cpu: build.cpu, memory: build.memory, "ephemeral-storage": "1Gi" },
      },
      volumeMounts: [{ name: "work", mountPath: work }],
    },
    steps: [
      step(
        "clone.sh",
        { workingDir: work, ...(git.secret === undefined ? {} : { volumeMounts: [{ name: "credentials", mountPath: credentials, readOnly: true }] }) },
        { URL: git.url, REF: git.ref, REVISION: "$(params.revision)", ...(git.secret === undefined ? {} : { CREDENTIALS: credentials }) },
      ),
      step("prepare.sh", { workingDir: `${work}/source`, args: folders }),
      step(
        "push.sh",
        {
          workingDir: `${work}/source`,
          args: folders,
          ...(secret === undefined ? {} : { volumeMounts: [{ name: "registry", mountPath: registry, readOnly: true }] }),
        },
        {
          IMAGE: imageOf(build, { environment }),
          DIGEST_FILE: "$(results.IMAGE_DIGEST.path)",
          URL_FILE: "$(results.IMAGE_URL.path)",
          ...(secret === undefined ? {} : { DOCKER_CONFIG: registry }),
        },
      ),
    ],
    volumes: [
      { name: "work", emptyDir: { sizeLimit: build.scratch } },
      ...(git.secret === undefined ? [] : [{ name: "credentials", secret: { secretName: git.secret } }]),
      ...(secret === undefined ? [] : [{ name: "registry", secret: { secretName: secret, items: [{ key: ".dockerconfigjson", path: "config.json" }] } }]),
    ],
  };
}

export function pipelineSpec(name: string): object {
  const revision = { name: "revision", value: "$(params.revision)" };
  return {
    params: [{ name: "revision", type: "string", default: "" }],
    tasks: [{ name: "build", taskRef: { kind: "Task", name }, params: [revision] }],
    results: ["IMAGE_URL", "IMAGE_DIGEST"].map((result) => ({ name: result, value: `$(tasks.build.results.${result})` })),
  };
}

export interface RunArgs {
  readonly build: BuildConfig;
  readonly profile: PlatformProfile;
  readonly pullSecret: string | undefined;
  /** ServiceAccount of the pods. */
  readonly account: string;
}

/** Spec of a PipelineRun. @param revision commit, or what Tekton puts one in for */
export function runSpec({ build, profile, pullSecret, account }: RunArgs, revision: string): object {
  return {
    pipelineRef: { name: build.name },
    params: [{ name: "revision", value: revision }],
    timeouts: { pipeline: `${build.minutes}m` },
    taskRunTemplate: {
      serviceAccountName: account,
      podTemplate: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" }, ...profile.user },
        ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
        ...(Object.keys(build.nodeSelector).length > 0 ? { nodeSelector: build.nodeSelector } : {}),
      },
    },
  };
}
