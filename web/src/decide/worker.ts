/** Decides in a thread of its own, so that the page stays quick. */
import * as ort from "onnxruntime-web/wasm";
import { detect, type Face } from "./detector";
import { explain, type Explanation } from "./explain";
import type { Model, Network, Networks } from "./model";
import type { Box, Picture } from "./picture";

export interface Asked {
  readonly id: number;
  readonly picture: Picture;
  /** Of which face to tell what spoke for its answer; without one, all faces are looked for. */
  readonly box?: Box;
  /** Opens a service that needs one; empty for none. */
  readonly key: string;
}

export type Told =
  | { readonly id: number; readonly faces: readonly Face[] }
  | { readonly id: number; readonly explanation: Explanation }
  | { readonly id: number; readonly error: string };

const BASE = new URL(".", self.location.href);
ort.env.wasm.wasmPaths = new URL("ort/", BASE).href;
ort.env.wasm.numThreads = 1; // more need headers that a static host may not send

async function fetched(name: string, key: string): Promise<Response> {
  const headers: Record<string, string> = key ? { Authorization: `Bearer ${key}` } : {};
  const answer = await fetch(new URL(`model/${name}`, BASE), { headers });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer;
}

async function open(name: string, key: string): Promise<Network> {
  const content = await (await fetched(name, key)).arrayBuffer();
  const session = await ort.InferenceSession.create(content, { logSeverityLevel: 3 });
  const input = session.inputNames[0]!;
  return {
    async run(values, shape) {
      const said = await session.run({ [input]: new ort.Tensor("float32", values, [...shape]) });
      return Object.fromEntries(
        Object.entries(said).map(([output, tensor]) => [output, tensor.data as Float32Array]),
      );
    },
  };
}

async function load(key: string): Promise<[Model, Networks]> {
  const [model, finder, looker, classifier] = await Promise.all([
    fetched("model.json", key).then((answer) => answer.json() as Promise<Model>),
    open("finder.onnx", key),
    open("looker.onnx", key),
    open("classifier.onnx", key),
  ]);
  return [model, { finder, looker, classifier }];
}

let loaded: Promise<[Model, Networks]> | undefined;

self.onmessage = async ({ data: { id, picture, box, key } }: MessageEvent<Asked>) => {
  let told: Told;
  try {
    loaded ??= load(key);
    const [model, networks] = await loaded;
    told = box
      ? { id, explanation: await explain(picture, box, model, networks.classifier) }
      : { id, faces: await detect(picture, model, networks) };
  } catch (error) {
    loaded = undefined; // tried again with the next picture
    told = { id, error: String(error instanceof Error ? error.message : error) };
  }
  self.postMessage(told);
};
