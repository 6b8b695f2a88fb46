#!/usr/bin/env node
// A `solc` for forge: npm's JavaScript build of the compiler behind the native one's command line.
// forge asks for `--version` and otherwise pipes standard JSON through `--standard-json`.
const solc = require("solc");

if (process.argv.includes("--version")) {
  const version = solc.version().replace(".Emscripten.clang", "");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`);
} else {
  const chunks = [];
  process.stdin.on("data", (chunk) => chunks.push(chunk));
  process.stdin.on("end", () => process.stdout.write(solc.compile(Buffer.concat(chunks).toString())));
}
