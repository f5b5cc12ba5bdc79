/** A build on OpenShift: BuildConfig of build.openshift.io/v1. Pure. */
import { dockerfileOf } from "../../stacks/builds";
import type { BuildConfig } from "../../stacks/schema";
import type { Site } from "../common/context";
import { noProxyOf } from "../common/site";
import { buildScript } from "./scripts";

export interface BuildConfigArgs {
  readonly build: BuildConfig;
  readonly site: Site;
  /** Reference of the image that checks the files. */
  readonly base: string;
}

export function buildConfigSpec({ build, site, base }: BuildConfigArgs): object {
  const { git } = build.context;
  const { image, secret } = build.output;
  const { proxy } = site;
  return {
    // Two builds at the same time would race for the tag.
    runPolicy: "Serial",
    source: {
      type: "Git",
      git: { uri: git.url, ref: git.ref, ...(proxy ? { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: noProxyOf(site) } : {}) },
      dockerfile: dockerfileOf(build, base, buildScript("prepare.sh")),
      ...(git.secret === undefined ? {} : { sourceSecret: { name: git.secret } }),
    },
    strategy: {
      type: "Docker",
      dockerStrategy: { ...(site.pullSecret === undefined ? {} : { pullSecret: { name: site.pullSecret } }) },
    },
    output: {
      to: image === undefined ? { kind: "ImageStreamTag", name: `${build.name}:latest` } : { kind: "DockerImage", name: `${image}:latest` },
      ...(secret === undefined ? {} : { pushSecret: { name: secret } }),
    },
    ...(site.trustedCA ? { mountTrustedCA: true } : {}),
    resources: {
      requests: { cpu: "100m", memory: "256Mi", "ephemeral-storage": "1Gi" },
      limits: { cpu: build.cpu, memory: build.memory, "ephemeral-storage": build.scratch },
    },
    completionDeadlineSeconds: build.minutes * 60,
    successfulBuildsHistoryLimit: 3,
    failedBuildsHistoryLimit: 3,
    ...(Object.keys(build.nodeSelector).length > 0 ? { nodeSelector: build.nodeSelector } : {}),
    triggers: [
      ...(build.webhook === undefined ? [] : [{ type: "GitHub", github: { secretReference: { name: build.webhook.secret } } }]),
      { type: "ConfigChange" },
    ],
  };
}
