/** Builds the page into a folder of static files: node build.mjs OUT */
import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";

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
await writeFile(`${out}/index.html`, withWords(await readFile("src/index.html", "utf8"), (await strings()).page));
for (const name of ["page.css", "icon.svg"]) await cp(`src/${name}`, `${out}/${name}`);
for (const name of ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
  await cp(`${modules}/onnxruntime-web/dist/${name}`, `${out}/ort/${name}`);
}
await mkdir(`${out}/docs`);
for (const name of ["index.html", "start.js"]) await cp(`src/docs/${name}`, `${out}/docs/${name}`);
for (const name of ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"]) {
  await cp(`${modules}/swagger-ui-dist/${name}`, `${out}/docs/${name}`);
}

/** The words of the page, from the TypeScript where they stand. */
async function strings() {
  const built = await build({ entryPoints: ["src/page/strings.ts"], format: "esm", write: false });
  const { STRINGS } = await import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].contents).toString("base64")}`);
  return STRINGS;
}

/** The page with each {{name}} as the words of that name. */
function withWords(html, words) {
  const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return html.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!(name in words)) throw new Error(`strings.ts has no page.${name}, which index.html asks for`);
    return words[name].replace(/[&<>"]/g, (character) => escapes[character]);
  });
}
