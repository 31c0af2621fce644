/** The page: pictures go in, answers come out. */
import type { Face } from "../decide/detector";
import type { Explanation } from "../decide/explain";
import { Browser, Server } from "./deciders";
import { confidence, csvOf, jsonOf, save, type Result } from "./downloads";
import { COLOURS, draw } from "./drawing";
import { pixelsOf, readBitmap } from "./reading";
import { STRINGS, type Label } from "./strings";

const BASE = new URL(".", location.href);
const LONGEST_LIVE_PX = 1280;

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found as T;
}

const status = element("status");
const threshold = element<HTMLInputElement>("threshold");
const blurred = element<HTMLInputElement>("blur");
const key = element<HTMLInputElement>("key");
const browser = new Browser(() => key.value);
const server = new Server(BASE, () => key.value);

interface Shown extends Result {
  readonly bitmap: ImageBitmap;
  readonly article: HTMLElement;
  /** What spoke for the answer of a face, by its place, where that is shown. */
  readonly why: Map<number, Explanation>;
}
const shown: Shown[] = [];

function isServerAsked(): boolean {
  return document.querySelector<HTMLInputElement>("[name=decider]:checked")?.value === "server";
}

/** With what is less sure than is asked for as *unsure*. */
function answered(faces: readonly Face[]): Face[] {
  const least = threshold.valueAsNumber;
  return faces.map((face) => (confidence(face) < least ? { ...face, label: "unsure" } : face));
}

async function add(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    status.textContent = STRINGS.deciding;
    const began = performance.now();
    try {
      const bitmap = await readBitmap(file);
      const faces = isServerAsked()
        ? await server.decide(file)
        : await browser.decide(pixelsOf(bitmap, bitmap.width, bitmap.height));
      show(file.name, bitmap, faces);
      const words = STRINGS.picture(file.name, STRINGS.faces(faces.length));
      status.textContent = `${words} (${STRINGS.took(performance.now() - began)})`;
    } catch (error) {
      complain(file.name, error);
    }
  }
}

function complain(name: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  if (reason === STRINGS.noKey) element("key-line").hidden = false;
  status.textContent = "";
  const words = document.createElement("span");
  words.className = "error";
  words.textContent = `${name}: ${reason}`;
  status.append(words);
}

function show(source: string, bitmap: ImageBitmap, faces: readonly Face[]): void {
  const article = document.createElement("article");
  const one: Shown = { source, width: bitmap.width, height: bitmap.height, faces, bitmap, article, why: new Map() };
  shown.unshift(one);
  render(one);
  element("results").prepend(article);
  element("downloads").hidden = false;
}

function render(one: Shown): void {
  const faces = answered(one.faces);
  const title = document.createElement("h3");
  title.textContent = STRINGS.picture(one.source, faces.length ? STRINGS.faces(faces.length) : STRINGS.noFaces);
  const canvas = document.createElement("canvas");
  canvas.width = one.width;
  canvas.height = one.height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title.textContent);
  draw(canvas, one.bitmap, faces, blurred.checked, one.why.values());
  const keep = button(STRINGS.savePicture, () => {
    canvas.toBlob((blob) => blob && save(blob, `${one.source}.answer.jpg`), "image/jpeg", 0.9);
  });
  const remove = button(STRINGS.remove, () => {
    shown.splice(shown.indexOf(one), 1);
    one.article.remove();
    one.bitmap.close();
    element("downloads").hidden = !shown.length;
    element("files").focus();
  });
  one.article.replaceChildren(title, canvas, ...(faces.length ? [table(one, faces)] : []), keep, " ", remove);
}

function button(words: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}

function table(one: Shown, faces: readonly Face[]): HTMLElement {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const column of STRINGS.columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = column;
    head.append(cell);
  }
  const body = made.createTBody();
  faces.forEach((face, index) => {
    const row = body.insertRow();
    row.insertCell().textContent = String(index + 1);
    const answer = row.insertCell();
    const mark = document.createElement("span");
    mark.className = "mark";
    mark.style.backgroundColor = COLOURS[face.label as Label];
    answer.append(mark, STRINGS.answers[face.label as Label]);
    row.insertCell().textContent = STRINGS.sure(confidence(face));
    row.insertCell().textContent = STRINGS.sure(face.detector_score);
    row.insertCell().textContent = (face.quality ?? [])
      .map((reason) => STRINGS.reasons[reason as keyof typeof STRINGS.reasons] ?? reason)
      .join(", ");
    const why = button(STRINGS.why, () => void explain(one, index));
    why.setAttribute("aria-label", STRINGS.whyFace(index + 1));
    why.setAttribute("aria-pressed", String(one.why.has(index)));
    row.insertCell().append(why);
  });
  const around = document.createElement("div");
  around.className = "table";
  around.tabIndex = 0; // so that a keyboard can scroll it
  around.setAttribute("role", "region");
  around.setAttribute("aria-label", STRINGS.faces(faces.length));
  around.append(made);
  return around;
}

/** Show what spoke for the answer of a face, or no longer. */
async function explain(one: Shown, index: number): Promise<void> {
  if (!one.why.delete(index)) {
    status.textContent = STRINGS.deciding;
    try {
      const picture = pixelsOf(one.bitmap, one.width, one.height);
      one.why.set(index, await browser.explain(picture, one.faces[index]!.box_xyxy));
      status.textContent = STRINGS.whyShown;
    } catch (error) {
      complain(one.source, error);
      return;
    }
  }
  render(one);
  one.article.querySelectorAll<HTMLButtonElement>("td button")[index]?.focus();
}

function refresh(): void {
  element("threshold-words").textContent = STRINGS.threshold(threshold.valueAsNumber);
  for (const one of shown) render(one);
}

class Camera {
  #stream: MediaStream | undefined;
  readonly #video = document.createElement("video");
  readonly #canvas = element<HTMLCanvasElement>("live-picture");

  async open(): Promise<void> {
    if (!isSecureContext) {
      complain(STRINGS.camera, new Error(STRINGS.cameraOverHttps));
      return;
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    } catch (error) {
      const isNone = error instanceof DOMException && error.name === "NotFoundError";
      complain(STRINGS.camera, new Error(isNone ? STRINGS.cameraNone : STRINGS.cameraRefused));
      return;
    }
    this.#video.srcObject = this.#stream;
    this.#video.muted = true;
    await this.#video.play();
    element("live").hidden = false;
    element("camera").hidden = true;
    element("camera-close").focus();
    while (this.#stream) await this.#look();
  }

  close(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    element("live").hidden = true;
    element("camera").hidden = false;
    element("camera").focus();
  }

  /** The latest frame, never one that is older: the next is taken when this one is decided on. */
  async #look(): Promise<void> {
    const { videoWidth, videoHeight } = this.#video;
    if (!videoWidth) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return;
    }
    const by = Math.min(1, LONGEST_LIVE_PX / Math.max(videoWidth, videoHeight));
    const width = Math.round(videoWidth * by);
    const height = Math.round(videoHeight * by);
    const frame = await createImageBitmap(this.#video, { resizeWidth: width, resizeHeight: height });
    const began = performance.now();
    try {
      const faces = answered(await this.#decide(frame));
      if (!this.#stream) return;
      this.#canvas.width = width;
      this.#canvas.height = height;
      draw(this.#canvas, frame, faces, blurred.checked);
      const took = STRINGS.took(performance.now() - began);
      element("live-words").textContent = `${STRINGS.faces(faces.length)} (${took})`;
    } catch (error) {
      complain(STRINGS.camera, error);
      this.close();
    } finally {
      frame.close();
    }
  }

  async #decide(frame: ImageBitmap): Promise<readonly Face[]> {
    if (!isServerAsked()) return browser.decide(pixelsOf(frame, frame.width, frame.height));
    const canvas = new OffscreenCanvas(frame.width, frame.height);
    canvas.getContext("2d")?.drawImage(frame, 0, 0);
    return server.decide(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 }));
  }
}

async function begin(): Promise<void> {
  refresh();
  const camera = new Camera();
  const files = element<HTMLInputElement>("files");
  const drop = element("drop");
  files.addEventListener("change", () => {
    void add([...(files.files ?? [])]);
    files.value = "";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    void add([...(event.dataTransfer?.files ?? [])]);
  });
  document.addEventListener("paste", (event) => void add([...(event.clipboardData?.files ?? [])]));
  threshold.addEventListener("input", refresh);
  blurred.addEventListener("change", refresh);
  element("camera").addEventListener("click", () => void camera.open());
  element("camera-close").addEventListener("click", () => camera.close());
  const told = (): Result[] =>
    shown.map(({ source, width, height, faces }) => ({ source, width, height, faces: answered(faces) }));
  element("json").addEventListener("click", () => save(jsonOf(told()), "answers.jsonl"));
  element("csv").addEventListener("click", () => save(csvOf(told()), "answers.csv"));
  if (await server.isThere()) {
    document.querySelector<HTMLInputElement>("[value=server]")!.disabled = false;
  }
}

void begin();
