/** Builds the page into a folder of static files: node build.mjs OUT */
import { build } from "esbuild";
import { cp, mkdir, rm } from "node:fs/promises";

const out = process.argv[2] ?? "../src/maskwise/service/web";
const modules = "node_modules";

await rm(out, { recursive: true, force: true });
await mkdir(`${out}/ort`, { recursive: true });
await build({
  entryPoints: { page: "src/page/main.ts", worker: "src/decide/worker.ts" },
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "linked",
  outdir: out,
  logLevel: "warning",
});
for (const name of ["index.html", "page.css", "icon.svg"]) await cp(`src/${name}`, `${out}/${name}`);
for (const name of ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
  await cp(`${modules}/onnxruntime-web/dist/${name}`, `${out}/ort/${name}`);
}
await mkdir(`${out}/docs`);
for (const name of ["index.html", "start.js"]) await cp(`src/docs/${name}`, `${out}/docs/${name}`);
for (const name of ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"]) {
  await cp(`${modules}/swagger-ui-dist/${name}`, `${out}/docs/${name}`);
}
