/** Images with models baked in, built from Git. */
import { z } from "zod";
import { bytes, cpu, dnsLabel, labels, modelName, objectName, sha256, text, whole } from "./fields";

const folder = text(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, "a folder without slashes at its ends", "models/codellama").refine(
  (path) => !path.split("/").includes(".."),
  "a folder without slashes at its ends, below the repository",
);

export const build = z.strictObject({
  name: dnsLabel.describe("name of the build, and of its image: by it models take it as their source (`source.image`)").meta({ examples: ["team-models"] }),
  models: z
    .array(
      z.strictObject({
        name: modelName.describe("name of the model"),
        folder: folder.describe("folder of the repository with its Modelfile and the files that it names; in the image it is /models/<folder>"),
      }),
    )
    .min(1)
    .max(32)
    .describe("models that are baked into the image"),
  base: z
    .string()
    .min(1)
    .default("ollama")
    .describe("name of the image in images.lock whose shell and sha256sum check the files; nothing of it is in the result")
    .meta({ examples: ["ollama"] }),
  context: z
    .strictObject({
      git: z
        .strictObject({
          url: text(/^https:\/\/[^\s@]+$/, "an https address without credentials", "https://git.example.com/ai/models.git").describe(
            "address of the repository",
          ),
          ref: text(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, "a branch, a tag or a commit", "main")
            .default("main")
            .describe("branch, tag or commit"),
          secret: objectName
            .optional()
            .describe("name of a Secret of type kubernetes.io/basic-auth that reads the repository, there already; default: none, it is public")
            .meta({ examples: ["models-git"] }),
        })
        .describe("where the files come from"),
    })
    .describe("what is built"),
  webhook: z
    .strictObject({
      secret: objectName
        .describe("name of a Secret, there already, whose key WebHookSecretKey holds what GitHub signs its calls with")
        .meta({ examples: ["models-webhook"] }),
    })
    .optional()
    .describe("GitHub's call after a push starts a build; default: started by hand only"),
  output: z
    .strictObject({
      image: text(/^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9._-]+)+$/, "a registry and a repository, without a tag", "registry.example.com/ai/team-models")
        .optional()
        .describe("where the image goes; default: an ImageStream of the project, with builds: openshift only"),
      secret: objectName
        .optional()
        .describe("name of a Secret of type kubernetes.io/dockerconfigjson that may push there, there already; default: none")
        .meta({ examples: ["registry-push"] }),
    })
    .prefault({})
    .describe("where the image goes"),
  digest: sha256.optional().describe("digest of the image that models are loaded from, as the build says it; default: not built yet"),
  cpu: cpu.default("1").describe("CPU limit of the build"),
  memory: bytes
    .default("4Gi")
    .describe("memory limit of the build")
    .meta({ examples: ["4Gi"] }),
  scratch: bytes
    .default("50Gi")
    .describe("disk of the build: twice what the models take")
    .meta({ examples: ["50Gi"] }),
  minutes: whole(1, 1440, 60).default(60).describe("minutes that a build may take"),
  nodeSelector: labels
    .default({})
    .describe("labels of the nodes that builds may run on")
    .meta({ examples: [{ "node-role.kubernetes.io/worker": "" }] }),
});
