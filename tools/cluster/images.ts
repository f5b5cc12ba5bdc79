/** The images of the add-ons: one static program each, under the names of their projects' own images, made here and imported into containerd. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writeImage, type ImageSpec } from "../../images/archive";
import { cacheDir } from "../lib/paths";
import type { ExecOptions, ExecResult } from "../lib/exec";
import type { Program } from "../toolchain";
import { debianRoot } from "../toolchain/debian";
import { pauseImage } from "./settings";
import { replaceFile } from "./state";

export type AddonPrograms = Record<"pause" | "coredns" | "cluster" | "local-path-provisioner" | "traefik", Program>;

/** References of the images. */
export interface AddonImages {
  readonly coredns: string;
  readonly metricsServer: string;
  readonly localPathProvisioner: string;
  readonly helper: string;
  readonly traefik: string;
}

const user = "65532:65532";

/** An image that holds one static program. */
function single(reference: string, source: string): ImageSpec {
  const path = `/${basename(source)}`;
  return { reference, layers: [{ files: { [path]: { source, mode: 0o755 } } }], entrypoint: [path], user };
}

/** Makes and imports what containerd has not, by digest. */
export async function ensureAddonImages(
  programs: AddonPrograms,
  metricsVersion: string,
  ctr: (args: readonly string[], options?: ExecOptions) => Promise<ExecResult>,
): Promise<AddonImages> {
  const busybox = await debianRoot("busybox", ["busybox-static"], { closure: false });
  const busyboxVersion = /^(?:\d+:)?([\d.]+)/.exec(busybox.packages[0]?.version ?? "")?.[1] ?? "latest";
  const images: AddonImages = {
    coredns: `registry.k8s.io/coredns/coredns:v${programs.coredns.version}`,
    metricsServer: `registry.k8s.io/metrics-server/metrics-server:v${metricsVersion}`,
    localPathProvisioner: `docker.io/rancher/local-path-provisioner:v${programs["local-path-provisioner"].version}`,
    traefik: `docker.io/library/traefik:v${programs.traefik.version}`,
    helper: `docker.io/library/busybox:${busyboxVersion}`,
  };
  const applets = ["sh", "mkdir", "rm", "chmod", "cat", "ls", "sleep", "echo", "id", "nslookup", "wget"];
  const specs: ImageSpec[] = [
    single(pauseImage, programs.pause.path("pause")),
    single(images.coredns, programs.coredns.path("coredns")),
    single(images.traefik, programs.traefik.path("traefik")),
    single(images.metricsServer, programs.cluster.path("metrics-server")),
    single(images.localPathProvisioner, programs["local-path-provisioner"].path("local-path-provisioner")),
    {
      reference: images.helper,
      layers: [
        {
          files: {
            "/bin/busybox": { source: join(busybox.dir, "bin/busybox"), mode: 0o755 },
            ...Object.fromEntries(applets.map((applet) => [`/bin/${applet}`, { link: "/bin/busybox" }])),
            "/tmp": { directory: true, mode: 0o1777 },
          },
        },
      ],
      cmd: ["sh"],
    },
  ];
  const { stdout } = await ctr(["images", "ls"]);
  // REF TYPE DIGEST …
  const there = new Set(
    stdout.split("\n").map((line) =>
      line
        .split(/\s+/)
        .filter((_, i) => i === 0 || i === 2)
        .join("@"),
    ),
  );
  for (const spec of specs) {
    const { archive, digest } = await archiveOf(spec);
    if (!there.has(`${spec.reference}@${digest}`)) await ctr(["images", "import", "--local", archive]);
  }
  return images;
}

/** The archive, made once per content; programs are named by version and content hash already. */
async function archiveOf(spec: ImageSpec): Promise<{ archive: string; digest: string }> {
  const key = createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 16);
  const archive = join(cacheDir, "images", "addons", `${key}.tar`);
  const note = `${archive}.digest`;
  if (existsSync(archive) && existsSync(note)) return { archive, digest: readFileSync(note, "utf8") };
  mkdirSync(join(cacheDir, "images", "addons"), { recursive: true });
  const { digest } = await writeImage(spec, archive);
  replaceFile(note, digest, 0o644);
  return { archive, digest };
}
