import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { writeImage, type ImageSpec } from "../../images/archive";
import { UserError } from "../../tools/lib/errors";

describe("image archive", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "oap-archive-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const spec = (layers: ImageSpec["layers"]): ImageSpec => ({
    reference: "registry.example/team/app:1.2.3",
    layers,
    cmd: ["app"],
    env: { A: "b" },
    ports: [80],
  });
  const json = (tar: string, member: string) => JSON.parse(execFileSync("tar", ["-xOf", tar, member], { encoding: "utf8" })) as Record<string, unknown>;
  const blob = (digest: string) => `blobs/${digest.replace(":", "/")}`;
  /** Members of the only layer as `tar -tv` prints them. */
  const listing = (tar: string, digest: string) => {
    const [layer] = json(tar, blob(digest)).layers as { digest: string }[];
    const data = execFileSync("tar", ["-xOf", tar, blob(layer?.digest ?? "")], { maxBuffer: 1 << 28 });
    return execFileSync("tar", ["--numeric-owner", "--full-time", "--utc", "-tv"], { input: data, encoding: "utf8" }).trimEnd().split("\n");
  };

  it("is the same, byte for byte, whatever the order, the times and the group rights of the files", async () => {
    const write = async (name: string, files: readonly string[], mode: number, time: number) => {
      const from = join(dir, name);
      for (const file of files) {
        mkdirSync(join(from, file, ".."), { recursive: true });
        writeFileSync(join(from, file), file, { mode });
        chmodSync(join(from, file), mode);
        utimesSync(join(from, file), time, time);
      }
      const { digest } = await writeImage(spec([{ directory: from }]), join(dir, `${name}.tar`));
      return { digest, bytes: readFileSync(join(dir, `${name}.tar`)) };
    };
    const one = await write("one", ["b/2", "a", "b/1", "b.txt"], 0o700, 1);
    const two = await write("two", ["b.txt", "b/1", "a", "b/2"], 0o750, 1e9);
    expect(one.digest).to.equal(two.digest);
    expect(one.bytes.equals(two.bytes)).to.equal(true);
  });

  it("names the image and its manifest, each blob by its own hash", async () => {
    const out = join(dir, "image.tar");
    const { digest } = await writeImage(spec([{ files: { "/a": { text: "a" } } }, { files: { "/b": { text: "b" } } }]), out);
    const [manifest] = json(out, "index.json").manifests as Record<string, unknown>[];
    expect(manifest?.digest).to.equal(digest);
    expect(manifest?.annotations).to.deep.equal({
      "io.containerd.image.name": "registry.example/team/app:1.2.3",
      "org.opencontainers.image.ref.name": "registry.example/team/app:1.2.3",
    });
    execFileSync("tar", ["-xf", out, "-C", dir]);
    const names = readdirSync(join(dir, "blobs/sha256"));
    expect(names).to.have.length(4); // two layers, configuration, manifest
    for (const name of names)
      expect(
        createHash("sha256")
          .update(readFileSync(join(dir, "blobs/sha256", name)))
          .digest("hex"),
      ).to.equal(name);
  });

  it("owns everything by 0:0 at time 0 and gives the group what the owner may do", async () => {
    const out = join(dir, "image.tar");
    const { digest } = await writeImage(
      spec([
        {
          files: {
            "/opt/run": { text: "x", mode: 0o4700 },
            "/opt/data": { text: "x", mode: 0o604 },
            "/tmp": { directory: true, mode: 0o1777 },
            "/l": { link: "opt/run" },
          },
        },
      ]),
      out,
    );
    expect(listing(out, digest)).to.deep.equal([
      "lrwxrwxrwx 0/0               0 1970-01-01 00:00:00 l -> opt/run",
      "drwxrwxr-x 0/0               0 1970-01-01 00:00:00 opt/",
      "-rw-rw-r-- 0/0               1 1970-01-01 00:00:00 opt/data",
      "-rwxrwx--- 0/0               1 1970-01-01 00:00:00 opt/run",
      "drwxrwxrwt 0/0               0 1970-01-01 00:00:00 tmp/",
    ]);
  });

  it("places, leaves out and prefixes what a folder holds, links and long or foreign names included", async () => {
    const long = `${"n".repeat(120)}/${"ü".repeat(70)}`;
    mkdirSync(join(dir, "in/lib"), { recursive: true });
    mkdirSync(join(dir, "in/doc"), { recursive: true });
    mkdirSync(join(dir, "in", long, ".."), { recursive: true });
    writeFileSync(join(dir, "in/lib/so"), "");
    writeFileSync(join(dir, "in/doc/readme"), "");
    writeFileSync(join(dir, "in", long), "");
    symlinkSync("so", join(dir, "in/lib/link"));
    const out = join(dir, "image.tar");
    const place = (path: string) => (path === "doc" ? undefined : path.replace(/^lib/, "usr/lib"));
    const { digest } = await writeImage(spec([{ directory: join(dir, "in"), prefix: "/p", place }]), out);
    const names = execFileSync("tar", ["--quoting-style=literal", "-t"], {
      input: execFileSync("tar", ["-xOf", out, blob((json(out, blob(digest)).layers as { digest: string }[])[0]?.digest ?? "")]),
      encoding: "utf8",
    });
    expect(names.trimEnd().split("\n")).to.deep.equal(["p/", `p/${"n".repeat(120)}/`, `p/${long}`, "p/usr/", "p/usr/lib/", "p/usr/lib/link", "p/usr/lib/so"]);
  });

  it("refuses a missing source and two files at one place, and leaves no file behind", async () => {
    const out = join(dir, "image.tar");
    const failure = async (layers: ImageSpec["layers"]) => {
      try {
        await writeImage(spec(layers), out);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    const missing = await failure([{ files: { "/a": { source: join(dir, "none") } } }]);
    expect(missing).to.be.instanceOf(UserError).with.property("message").that.contains("none").and.contains("/a");
    mkdirSync(join(dir, "in"));
    writeFileSync(join(dir, "in/a"), "");
    writeFileSync(join(dir, "in/b"), "");
    const twice = await failure([{ directory: join(dir, "in"), place: () => "c" }]);
    expect(twice).to.be.instanceOf(UserError).with.property("message").that.contains("/c");
    expect(readdirSync(dir)).to.deep.equal(["in"]);
  });
});
