/** What starts a build with Tekton after a push to GitHub: kinds of triggers.tekton.dev/v1beta1. Pure. */
import { listenerComponent } from "../../stacks/builds";
import type { BuildConfig } from "../../stacks/schema";
import type { PlatformProfile } from "../common/platform";
import { labelsOf, type Part } from "../common/labels";
import { restricted, runSpec, type RunArgs } from "./tektonTask";

export const bindingSpec = { params: [{ name: "revision", value: "$(body.after)" }] };

/** @param labels of the runs, which their pods get too: policies know them by these */
export function templateSpec(args: RunArgs, labels: Readonly<Record<string, string>>): object {
  return {
    params: [{ name: "revision", description: "commit that was pushed" }],
    resourcetemplates: [
      {
        apiVersion: "tekton.dev/v1",
        kind: "PipelineRun",
        metadata: { generateName: `${args.build.name}-`, labels },
        spec: runSpec(args, "$(tt.params.revision)"),
      },
    ],
  };
}

/** Calls that GitHub did not sign, and those of other branches, start nothing. */
export function triggers(build: BuildConfig, secret: string): object[] {
  return [
    {
      name: "push",
      interceptors: [
        {
          ref: { kind: "ClusterInterceptor", name: "github" },
          params: [
            { name: "secretRef", value: { secretName: secret, secretKey: "WebHookSecretKey" } },
            { name: "eventTypes", value: ["push"] },
          ],
        },
        {
          ref: { kind: "ClusterInterceptor", name: "cel" },
          params: [{ name: "filter", value: `body.ref == 'refs/heads/${build.context.git.ref}' && !body.deleted` }],
        },
      ],
      bindings: [{ kind: "TriggerBinding", ref: build.name }],
      template: { ref: build.name },
    },
  ];
}

export interface ListenerArgs {
  readonly build: BuildConfig;
  readonly secret: string;
  readonly owner: string;
  readonly profile: PlatformProfile;
  readonly account: string;
}

export function listenerSpec({ build, secret, owner, profile, account }: ListenerArgs): object {
  const part: Part = { name: "builds", component: listenerComponent, instance: build.name };
  return {
    serviceAccountName: account,
    triggers: triggers(build, secret),
    resources: {
      kubernetesResource: {
        spec: {
          template: {
            metadata: { labels: labelsOf(owner, part) },
            spec: {
              securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" }, ...profile.user },
              containers: [
                {
                  resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
                  securityContext: restricted,
                },
              ],
            },
          },
        },
      },
    },
  };
}
