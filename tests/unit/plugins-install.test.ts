import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { versionOf } from "../../tools/plugins/bundle";
import { DownloadHost } from "../../tools/plugins/download";
import { installPlugins } from "../../tools/plugins/install";

describe("installing plugins", function () {
  this.timeout(20_000);
  let folder: string;
  const offline: Pick<DownloadHost, "install"> = { install: () => Promise.resolve(false) };
  const kubernetes = `resource-kubernetes-v${versionOf("@pulumi/kubernetes")}`;
  const executable = (path: string) => {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, "#!/bin/sh\n");
    chmodSync(path, 0o755);
  };
  const install = (host = offline, env: NodeJS.ProcessEnv = {}) =>
    installPlugins(join(folder, "cli/pulumi"), join(folder, "home"), { host, env: { HOME: join(folder, "user"), PATH: "", ...env } });
  const sources = ({ plugins }: Awaited<ReturnType<typeof install>>) => Object.fromEntries(plugins.map((plugin) => [plugin.name, plugin.source]));

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "oap-install-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("puts stand-ins in place of what can't be had, named as the engine expects", async () => {
    const installed = await install();
    expect(sources(installed)).to.deep.equal({ nodejs: "stand-in", kubernetes: "stand-in", random: "stand-in", command: "stand-in" });
    expect(existsSync(join(folder, "home/plugins", kubernetes, "pulumi-resource-kubernetes"))).to.equal(true);
    expect(existsSync(join(installed.path[0] ?? "", "pulumi-language-nodejs"))).to.equal(true);
  });
  it("takes the user's own plugins, also in place of a stand-in from before, and leaves their folder alone", async () => {
    await install();
    const theirs = join(folder, "user/.pulumi/plugins", kubernetes);
    executable(join(theirs, "pulumi-resource-kubernetes"));
    executable(join(folder, "cli/pulumi"));
    executable(join(folder, "cli/pulumi-language-nodejs"));
    const installed = await install();
    expect(sources(installed)).to.deep.equal({ nodejs: "yours", kubernetes: "yours", random: "stand-in", command: "stand-in" });
    expect(readlinkSync(join(folder, "home/plugins", kubernetes))).to.equal(theirs);
    expect(lstatSync(theirs).isDirectory()).to.equal(true);
    expect(installed.path).to.deep.equal([]);
  });
  it("lets a plugin on PATH be found: nothing of ours is in the way", async () => {
    await install();
    executable(join(folder, "bin/pulumi-resource-kubernetes"));
    expect(sources(await install(offline, { PATH: join(folder, "bin") })).kubernetes).to.equal("yours");
    expect(existsSync(join(folder, "home/plugins", kubernetes))).to.equal(false);
  });
  it("prefers a download to a stand-in, and keeps it", async () => {
    await install();
    const host = {
      install(_cli: string, home: string, name: string, version: string) {
        executable(join(home, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`));
        return Promise.resolve(true);
      },
    };
    expect(sources(await install(host)).kubernetes).to.equal("downloaded");
    expect(sources(await install(offline)).kubernetes).to.equal("downloaded");
  });

  describe("from the download host", () => {
    const host = (answer: () => Promise<Response>, now = Date.now()) => {
      const asked: string[] = [];
      const fetch = ((url: string) => {
        asked.push(url);
        return answer();
      }) as unknown as typeof globalThis.fetch;
      return { asked, host: new DownloadHost({ fetch, offlineMark: join(folder, "offline"), now }) };
    };
    it("asks once per run", async () => {
      const { asked, host: down } = host(() => Promise.reject(new Error("no route")));
      expect([await down.available("a", "1"), await down.available("b", "1")]).to.deep.equal([false, false]);
      expect(asked).to.have.length(1);
    });
    it("does not ask again within the hour, but does after it", async () => {
      await host(() => Promise.reject(new Error("no route"))).host.available("a", "1");
      const soon = host(() => Promise.resolve(new Response()));
      expect(await soon.host.available("a", "1")).to.equal(false);
      expect(soon.asked).to.deep.equal([]);
      utimesSync(join(folder, "offline"), new Date(0), new Date(0));
      expect(await host(() => Promise.resolve(new Response())).host.available("a", "1")).to.equal(true);
      expect(existsSync(join(folder, "offline"))).to.equal(false);
    });
    it("takes an answer that is no success as offline", async () =>
      expect(await host(() => Promise.resolve(new Response("", { status: 403 }))).host.available("a", "1")).to.equal(false));
  });
});
