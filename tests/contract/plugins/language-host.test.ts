import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/language_pb";
import { expect } from "chai";
import { executableOf } from "../../../tools/plugins/bundle";
import { root } from "../../../tools/lib/paths";
import { errorOf, standIns } from "./support";

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("the stand-in of the Node.js language host", function () {
  this.timeout(120_000);
  let home: Awaited<ReturnType<typeof standIns>>;
  let folder: string;
  /** Started by a shell that then waits, as a stand-in of the engine that can be killed. */
  const start = async () => {
    const shell = spawn("/bin/sh", ["-c", '"$0" 127.0.0.1:1 & echo "pid $!"; wait', join(home.path[0] ?? "", executableOf("nodejs"))], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    shell.stdout.on("data", (data: Buffer) => (text += data.toString()));
    while (!/^pid \d+$/m.test(text) || !/^\d+$/m.test(text)) await sleep(10);
    const client = new LanguageRuntimeClient(`127.0.0.1:${/^\d+$/m.exec(text)?.[0] ?? ""}`, grpc.credentials.createInsecure());
    return { shell, client, pid: Number(/^pid (\d+)$/m.exec(text)?.[1]) };
  };
  const info = (): pb.ProgramInfo => {
    const program = new pb.ProgramInfo();
    program.setProgramDirectory(folder);
    program.setRootDirectory(folder);
    program.setEntryPoint(".");
    return program;
  };

  before(async () => {
    home = await standIns();
    folder = mkdtempSync(join(tmpdir(), "oap-language-"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{"name":"program","main":"index.js","dependencies":{"@pulumi/pulumi":"^3.0.0"}}');
  });
  after(() => {
    home.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells which packages a program has, and which Node runs it", async () => {
    const { client, pid } = await start();
    try {
      const request = new pb.GetProgramDependenciesRequest();
      request.setInfo(info());
      const dependencies = await new Promise<pb.GetProgramDependenciesResponse>((resolve, reject) =>
        client.getProgramDependencies(request, (error, reply) => (error ? reject(error) : resolve(reply))),
      );
      expect(dependencies.getDependenciesList().map((dependency) => `${dependency.getName()} ${dependency.getVersion()}`)).to.deep.equal([
        "@pulumi/pulumi 3.259.0",
      ]);
    } finally {
      process.kill(pid, "SIGTERM");
    }
  });

  it("runs a policy pack and streams what it prints and how it ended", async () => {
    writeFileSync(join(folder, "index.js"), 'console.log("12345", process.cwd()); console.error("noted"); process.exit(3);');
    const { client, pid } = await start();
    try {
      const request = new pb.RunPluginRequest();
      request.setInfo(info());
      request.setPwd(folder);
      request.setKind("analyzer");
      request.setArgsList(["127.0.0.1:1"]);
      request.setEnvList([`PATH=${process.env.PATH ?? ""}`]);
      const seen = { stdout: "", stderr: "", code: -1 };
      await new Promise<void>((resolve, reject) => {
        const stream = client.runPlugin(request);
        stream.on("data", (reply: pb.RunPluginResponse) => {
          seen.stdout += Buffer.from(reply.getStdout_asU8()).toString();
          seen.stderr += Buffer.from(reply.getStderr_asU8()).toString();
          if (reply.hasExitcode()) seen.code = reply.getExitcode();
        });
        stream.on("error", reject);
        stream.on("end", () => resolve());
      });
      expect(seen.stdout).to.include(`12345 ${folder}`);
      expect(seen.stderr).to.include("noted");
      expect(seen.code).to.equal(3);
    } finally {
      process.kill(pid, "SIGTERM");
    }
  });

  it("says what to do when the program's packages are not installed", async () => {
    const { client, pid } = await start();
    const bare = mkdtempSync(join(tmpdir(), "oap-bare-"));
    try {
      const request = new pb.RunRequest();
      const program = info();
      program.setProgramDirectory(bare);
      request.setInfo(program);
      const reply = await new Promise<pb.RunResponse>((resolve, reject) => client.run(request, (error, answer) => (error ? reject(error) : resolve(answer))));
      expect(reply.getError()).to.include("@pulumi/pulumi is not installed").and.include("npm install");
    } finally {
      process.kill(pid, "SIGTERM");
      rmSync(bare, { recursive: true });
    }
  });

  it("refuses by name what it does not do", async () => {
    const { client, pid } = await start();
    try {
      const error = await errorOf(
        new Promise((resolve, reject) => client.pack(new pb.PackRequest(), (failure, reply) => (failure ? reject(failure) : resolve(reply)))),
      );
      expect(error.message).to.include("install the official Pulumi CLI");
    } finally {
      process.kill(pid, "SIGTERM");
    }
  });

  it("ends when its engine is killed", async () => {
    const { shell, client, pid } = await start();
    client.close();
    shell.kill("SIGKILL");
    while (isRunning(pid)) await sleep(50);
  });
});
