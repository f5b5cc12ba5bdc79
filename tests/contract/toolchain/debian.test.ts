/** Against the real apt and the real package sources of this machine; root for what needs it. */
import { expect } from "chai";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import type { DebianRoot } from "../../../tools/toolchain/debian";
import { silentServer } from "../../support/toolchain";

const isRoot = process.getuid?.() === 0;

describe("Debian packages without installing anything", function () {
  this.timeout(600_000);
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-debian-"));
    chmodSync(dir, 0o777);
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  /** Evaluates an expression with `debianRoot` and `hostTools` in a process with a cache of its own. */
  async function evaluate<T>(expression: string, options: { cache?: string; env?: NodeJS.ProcessEnv; prefix?: readonly string[] } = {}): Promise<T> {
    const script = join(dir, `run-${process.hrtime.bigint()}.ts`);
    const module = (name: string) => JSON.stringify(join(root, "tools/toolchain", name));
    writeFileSync(
      script,
      `import { debianRoot } from ${module("debian")};\nimport { hostTools } from ${module("hosttools")};\nvoid [debianRoot, hostTools];\n` +
        `void (async () => console.log("\\nRESULT " + JSON.stringify(await (${expression}))))();\n`,
    );
    const [command, ...args] = [...(options.prefix ?? []), process.execPath, "--import", join(root, "node_modules/tsx/dist/loader.mjs"), script];
    const env = {
      ...process.env,
      OAP_CACHE_DIR: join(dir, options.cache ?? "cache"),
      OAP_STATE_DIR: join(dir, `${options.cache ?? "cache"}-state`),
      TSX_DISABLE_CACHE: "1",
      ...options.env,
    };
    const { stdout } = await exec(command ?? "", args, { env });
    return JSON.parse(/^RESULT (.*)$/m.exec(stdout)?.[1] ?? "") as T;
  }

  /** Names, sizes and times of what apt and dpkg keep on the machine. */
  const host = () =>
    ["/var/lib/apt/lists", "/var/cache/apt", "/var/cache/apt/archives", "/var/lib/dpkg"]
      .filter((path) => existsSync(path))
      .flatMap((path) => [path, ...readdirSync(path).map((name) => join(path, name))])
      .map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`);

  it("unpacks a package, with the checksum of the signed lists, and changes nothing on the machine", async () => {
    const before = host();
    const got = await evaluate<DebianRoot>('debianRoot("seccomp", ["libseccomp-dev"], { closure: false })');
    expect(got.packages).to.have.length(1);
    expect(got.packages[0]).to.have.property("name", "libseccomp-dev");
    expect(got.packages[0]?.sha256).to.match(/^[0-9a-f]{64}$/);
    expect(existsSync(join(got.dir, "usr/include/seccomp.h"))).to.equal(true);
    expect(host()).to.deep.equal(before);
  });

  it("adds all dependencies, as on a machine that has nothing", async () => {
    const got = await evaluate<DebianRoot>('debianRoot("base", ["libc6"], { closure: true })');
    expect(got.packages.map(({ name }) => name)).to.include.members(["libc6", "libgcc-s1"]);
    expect(statSync(join(got.dir, "lib64")).isDirectory()).to.equal(true);
  });

  it("uses what it unpacked again, without a network", async () => {
    const offline = { http_proxy: "http://127.0.0.1:9", https_proxy: "http://127.0.0.1:9" };
    const got = await evaluate<DebianRoot>('debianRoot("seccomp", ["libseccomp-dev"], { closure: false })', { env: offline });
    expect(got.packages[0]).to.have.property("name", "libseccomp-dev");
  });

  it("says that the package sources can't be reached, with the fix", async () => {
    const expression = 'debianRoot("x", ["libc6"], { closure: false }).catch((error) => [error.message, error.fix])';
    const [message, fix] = await evaluate<[string, string]>(expression, {
      cache: "offline",
      env: { http_proxy: "http://127.0.0.1:9", https_proxy: "http://127.0.0.1:9" },
    });
    expect(message).to.match(/^Debian packages for x: the lists of Debian packages can't be had: /);
    expect(fix).to.contain("/etc/apt");
  });

  it("gives up package sources that never answer", async () => {
    const server = await silentServer();
    const proxy = `http://127.0.0.1:${server.port}`;
    const expression = 'debianRoot("x", ["libc6"], { closure: false }).catch((error) => [error.message, error.fix])';
    const start = Date.now();
    const [message] = await evaluate<[string, string]>(expression, { cache: "silent", env: { http_proxy: proxy, https_proxy: proxy } });
    server.close();
    expect(message).to.contain("can't be had");
    expect(Date.now() - start).to.be.lessThan(60_000);
  });

  it("names a package that does not exist", async () => {
    const [message] = await evaluate<[string]>('debianRoot("x", ["no-such-package"], { closure: false }).catch((error) => [error.message])');
    expect(message).to.contain("apt can't resolve no-such-package").and.contain("Unable to locate package");
  });

  if (isRoot) {
    it("works for an ordinary user", async () => {
      const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
      const got = await evaluate<DebianRoot>('debianRoot("seccomp", ["libseccomp-dev"], { closure: false })', { cache: "user", prefix, env: { HOME: dir } });
      expect(statSync(got.dir).uid).to.equal(65534);
    });

    it("gives programs that work in a network namespace, and leave the machine's rules alone", async () => {
      const { env } = await evaluate<{ env: Record<string, string> }>("hostTools()");
      const rules =
        "iptables -t nat -A POSTROUTING -m comment --comment test -j MASQUERADE && iptables-save -t nat && ip6tables -L -n && conntrack -L && ip link";
      const { stdout } = await exec("unshare", ["--net", "sh", "-c", rules], { env });
      expect(stdout).to.contain("--comment test -j MASQUERADE").and.contain("lo:");
      const script = readFileSync(join(env.PATH?.split(":")[0] ?? "", "iptables"), "utf8");
      expect(script).to.match(/^(?:#!|\x7fELF)/);
    });
  }
});
