/** A containerd of its own in a temporary folder: real image store, real CRI, nothing shared with any cluster. Needs root on Linux. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import type { ImageHost } from "../../../images/pull";
import { exec } from "../../../tools/lib/exec";
import { ensurePrograms } from "../../../tools/toolchain";

export interface Containerd extends ImageHost {
  /** What the kubelet asks before it starts a container: the image's id, undefined where it would have to be pulled. */
  imageStatus(reference: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

export async function startContainerd(): Promise<Containerd> {
  const { containerd, runc } = await ensurePrograms(["containerd", "runc"]);
  const dir = mkdtempSync(join(tmpdir(), "oap-containerd-"));
  const socket = join(dir, "containerd.sock");
  mkdirSync(join(dir, "cni"));
  writeFileSync(
    join(dir, "config.toml"),
    `version = 3
root = "${dir}/root"
state = "${dir}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["${dir}/cni"]
  conf_dir = "${dir}/cni"
`,
  );
  const log = openSync(join(dir, "log"), "w");
  const env = { ...process.env, PATH: [containerd.dir, runc.dir, process.env.PATH].join(delimiter) };
  const child = spawn(containerd.path("containerd"), ["-c", join(dir, "config.toml")], { stdio: ["ignore", log, log], env });
  closeSync(log);
  const ctr: ImageHost["ctr"] = (args, options) => exec(containerd.path("ctr"), ["--address", socket, "--namespace", "k8s.io", ...args], { env, ...options });
  await ready(child, () => ctr(["version"], { allowFailure: true, timeoutMs: 5000 }));
  const client = new ImageService(`unix://${socket}`, credentials.createInsecure());
  return {
    dir,
    flavor: "real",
    ctr,
    async imageStatus(reference) {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      client.makeUnaryRequest("/runtime.v1.ImageService/ImageStatus", same, same, field(1, field(1, Buffer.from(reference))), (error, value) => {
        if (error) reject(error);
        else resolve(value ?? Buffer.alloc(0));
      });
      const image = firstField(await promise);
      return image && firstField(image)?.toString();
    },
    async stop() {
      client.close();
      const end = once(child, "exit");
      child.kill("SIGTERM");
      await end;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function ready(child: ChildProcess, probe: () => Promise<{ code: number }>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`containerd ended with ${child.exitCode}`);
    if ((await probe()).code === 0) return;
  }
  throw new Error("containerd did not answer within 20 s");
}

const ImageService = makeGenericClientConstructor({}, "ImageService");
const same = (data: Buffer): Buffer => data;

/** Protocol buffers by hand, as far as ImageStatusRequest{image{image}} and ImageStatusResponse{image{id}} need them: field 1 of messages, shorter than 16 kB. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, (content.length & 0x7f) | 0x80, content.length >> 7]), content]);
}

function firstField(message: Buffer): Buffer | undefined {
  if (message[0] !== ((1 << 3) | 2)) return undefined;
  let length = 0;
  let at = 1;
  for (let shift = 0; ; shift += 7) {
    const byte = message[at++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return message.subarray(at, at + length);
}
