import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ensureImages, type EnsureOptions } from "../../images/ensure";
import { parseClusterLock, type ClusterLock } from "../../images/lock";
import { keyOf } from "../../images/make";
import { probe, registryUrl, type ImageHost } from "../../images/pull";
import { UserError } from "../../tools/lib/errors";
import { ExecError } from "../../tools/lib/exec";

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const tracked = join(__dirname, "../../images/images.lock");
const reference = "docker.io/ollama/ollama:0.17.4";

/** What a containerd with an image store does for `ctr images …`. */
class FakeHost implements ImageHost {
  readonly flavor: ImageHost["flavor"];
  readonly calls: string[] = [];
  readonly images = new Map<string, string>();
  readonly pinned = new Set<string>();
  readonly pulls: string[] = [];
  pullFails = false;

  constructor(
    readonly dir: string,
    flavor: ImageHost["flavor"] = "real",
  ) {
    this.flavor = flavor;
  }

  readonly ctr: ImageHost["ctr"] = (args) => {
    this.calls.push(args[1] ?? "");
    const last = args.at(-1) ?? "";
    let stdout = "";
    const action = args[1] ?? "";
    switch (action) {
      case "ls": {
        const rows = [...this.images].filter(([name]) => !last.startsWith("name==") || last === `name==${name}`);
        stdout = ["REF TYPE DIGEST SIZE PLATFORMS LABELS", ...rows.map(([name, digest]) => `${name} application/x ${digest} 1.5 MiB linux/amd64 -`)].join("\n");
        break;
      }
      case "import":
        this.images.set(reference, readFileSync(last, "utf8"));
        break;
      case "pull":
        if (this.pullFails) return Promise.reject(new ExecError("ctr images: exit code 1\nctr: unexpected EOF", { code: 1, stdout, stderr: "" }));
        this.pulls.push(last);
        this.images.set(last, last.split("@")[1] ?? digestOf("f"));
        break;
      case "tag":
        this.images.set(last, this.images.get(args.at(-2) ?? "") ?? "");
        break;
      case "label":
        if (last.endsWith("=pinned")) this.pinned.add(args[2] ?? "");
        else this.pinned.delete(args[2] ?? "");
    }
    return Promise.resolve({ code: 0, stdout, stderr: "" });
  };
}

/** A server on loopback for the length of `use`. @param hangs accepts connections and says nothing, else answers with this status */
async function withRegistry<T>(answer: number | "hangs", use: (url: string) => Promise<T>): Promise<T> {
  const server: Server = answer === "hangs" ? createServer() : createHttpServer((_, response) => response.writeHead(answer).end());
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/`);
  } finally {
    server.close();
  }
}

describe("images of a cluster", () => {
  let dir: string;
  let made: number;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-ensure-"));
    made = 0;
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** Makes an archive whose content is its digest. */
  const making = (letter: string): NonNullable<EnsureOptions["make"]> => {
    return (name, entry) => {
      made++;
      const archive = join(dir, `${name}.tar`);
      writeFileSync(archive, digestOf(letter));
      return Promise.resolve({ archive, digest: digestOf(letter), size: 42, key: keyOf(name, entry) });
    };
  };
  const nothingListens = () => "http://127.0.0.1:1/v2/";
  const ensure = async (host: FakeHost, options: EnsureOptions): Promise<ClusterLock> => {
    const file = await ensureImages(["ollama"], host, options);
    return parseClusterLock(readFileSync(file, "utf8")).images ?? {};
  };

  it("are made where no registry answers, and stand in the cluster under tag and digest, kept from the kubelet's clean-up", async () => {
    const host = new FakeHost(dir);
    const lock = await ensure(host, { make: making("a"), registryUrl: nothingListens });
    expect(lock.ollama).to.include({ image: "docker.io/ollama/ollama", tag: "0.17.4", digest: digestOf("a"), source: "made", size: 42 });
    const names = [reference, `docker.io/ollama/ollama@${digestOf("a")}`];
    expect([...host.images]).to.deep.equal(names.map((name) => [name, digestOf("a")]));
    expect([...host.pinned]).to.deep.equal(names);
  });

  it("that are there already cost one look", async () => {
    const host = new FakeHost(dir);
    const options = { make: making("a"), registryUrl: nothingListens };
    const first = await ensure(host, options);
    host.calls.length = 0;
    expect(await ensure(host, options)).to.deep.equal(first);
    expect(host.calls).to.deep.equal(["ls"]);
    expect(made).to.equal(1);
  });

  it("are imported again when the cluster lost one, and recorded again when the record is lost or damaged", async () => {
    const host = new FakeHost(dir);
    const options = { make: making("a"), registryUrl: nothingListens };
    const first = await ensure(host, options);
    host.images.delete(reference);
    expect(await ensure(host, options)).to.deep.equal(first);
    expect(host.images.get(reference)).to.equal(digestOf("a"));
    host.calls.length = 0;
    writeFileSync(join(dir, "images.lock"), "ollama: {image:");
    expect(await ensure(host, options)).to.deep.equal(first);
    expect(host.calls).not.to.include("import"); // it was there
  });

  it("follow a changed recipe, and let the predecessor go", async () => {
    const host = new FakeHost(dir);
    const stale: EnsureOptions["make"] = async (...args) => ({ ...(await making("a")(...args)), key: "of-another-recipe" });
    await ensure(host, { make: stale, registryUrl: nothingListens });
    const lock = await ensure(host, { make: making("b"), registryUrl: nothingListens });
    expect(lock.ollama?.digest).to.equal(digestOf("b"));
    expect(host.images.get(reference)).to.equal(digestOf("b"));
    expect([...host.pinned]).to.deep.equal([reference, `docker.io/ollama/ollama@${digestOf("b")}`]);
  });

  it("are pulled when the registry answers, with the digest that containerd then lists", async () => {
    const host = new FakeHost(dir);
    const lock = await withRegistry(401, (url) => ensure(host, { make: making("a"), registryUrl: () => url }));
    expect(lock.ollama).to.deep.equal({ image: "docker.io/ollama/ollama", tag: "0.17.4", digest: digestOf("f"), source: "pulled", size: 1572864 });
    expect(host.images.get(`docker.io/ollama/ollama@${digestOf("f")}`)).to.equal(digestOf("f"));
    expect(made).to.equal(0);
  });

  it("are pulled by the digest of images.lock where it has one, and pulled anew when that changes", async () => {
    const host = new FakeHost(dir);
    const lockFile = join(dir, "tracked.lock");
    const lockWith = (digest: string) => writeFileSync(lockFile, readFileSync(tracked, "utf8").replace(/(0\.17\.4\n +digest: )\S+/, `$1${digest}`));
    lockWith(digestOf("f"));
    await withRegistry(200, (url) => ensure(host, { lockFile, make: making("a"), registryUrl: () => url }));
    expect(host.pulls).to.deep.equal([`docker.io/ollama/ollama@${digestOf("f")}`]);
    expect(host.images.get(reference)).to.equal(digestOf("f"));
    lockWith(digestOf("e"));
    await withRegistry(200, (url) => ensure(host, { lockFile, make: making("a"), registryUrl: () => url }));
    expect(host.pulls.at(-1)).to.equal(`docker.io/ollama/ollama@${digestOf("e")}`);
  });

  it("are made when pulling fails half-way", async () => {
    const host = new FakeHost(dir);
    host.pullFails = true;
    const lock = await withRegistry(200, (url) => ensure(host, { make: making("a"), registryUrl: () => url }));
    expect(lock.ollama?.source).to.equal("made");
  });

  it("of a simulated cluster are not fetched: its nodes run no containers", async () => {
    const host = new FakeHost(dir, "simulated");
    expect(await ensure(host, { make: making("a"), registryUrl: nothingListens })).to.deep.equal({});
    expect(host.calls).to.deep.equal([]);
  });

  it("with an unknown name are refused before anything is done, with all such names and those that exist", async () => {
    const host = new FakeHost(dir);
    const error: unknown = await ensureImages(["nginx", "ollama", "mysql"], host).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(UserError).with.property("message").that.contains("no image nginx, mysql");
    expect(error).to.have.property("fix").that.contains("ollama, postgres, tiny-model");
    expect(host.calls).to.deep.equal([]);
  });

  it("with a lock file that is missing or wrong are refused with all its problems", async () => {
    const host = new FakeHost(dir);
    const lockFile = join(dir, "wrong.lock");
    const failure = () => ensureImages(["ollama"], host, { lockFile }).catch((e: unknown) => e);
    expect(await failure())
      .to.be.instanceOf(UserError)
      .with.property("message")
      .that.contains("is missing");
    writeFileSync(lockFile, "a: {}\nb: {}\n");
    expect(await failure())
      .to.be.instanceOf(UserError)
      .with.property("message")
      .that.contains("a.image")
      .and.contains("b.image");
  });
});

describe("registry probe", () => {
  it("gives a silent registry up after its limit", async () => {
    const start = Date.now();
    expect(await withRegistry("hangs", (url) => probe(url, 200))).to.equal("127.0.0.1 did not answer within 0.2 s");
    expect(Date.now() - start).to.be.within(190, 2000);
  });

  it("takes 200 and 401 for a registry, and nothing else", async () => {
    expect(await withRegistry(200, (url) => probe(url))).to.equal(undefined);
    expect(await withRegistry(401, (url) => probe(url))).to.equal(undefined);
    expect(await withRegistry(403, (url) => probe(url))).to.equal("127.0.0.1 answered 403");
    expect(await probe("http://127.0.0.1:1/v2/")).to.equal("127.0.0.1 cannot be reached: ECONNREFUSED");
  });

  it("asks Docker Hub at its own address", () => {
    expect(registryUrl("docker.io")).to.equal("https://registry-1.docker.io/v2/");
    expect(registryUrl("quay.io")).to.equal("https://quay.io/v2/");
  });
});
