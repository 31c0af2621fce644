/** Boxes and words on a picture, and faces made unrecognisable. */
import type { Face } from "../decide/detector";
import type { Explanation } from "../decide/explain";
import { STRINGS, type Label } from "./strings";

/** Okabe and Ito's palette, as the rest of maskwise has it. */
export const COLOURS: Record<Label, string> = {
  without_mask: "#d55e00",
  with_mask: "#0072b2",
  incorrect: "#e69f00",
  unsure: "#808080",
};
const CELLS = 6;
const MARGIN = 0.15;

export function draw(
  canvas: HTMLCanvasElement,
  source: CanvasImageSource,
  faces: readonly Face[],
  isBlurred: boolean,
  explanations: Iterable<Explanation> = [],
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  if (isBlurred) for (const { box_xyxy } of faces) blur(canvas, context, box_xyxy);
  for (const each of explanations) warm(context, each);
  const line = Math.max(2, Math.round(Math.max(canvas.width, canvas.height) / 250));
  context.lineWidth = line;
  context.font = `600 ${line * 6}px system-ui, sans-serif`;
  context.textBaseline = "bottom";
  faces.forEach(({ box_xyxy: [left, top, right, bottom], label }, index) => {
    const colour = COLOURS[label as Label];
    context.strokeStyle = colour;
    context.strokeRect(left, top, right - left, bottom - top);
    const words = `${index + 1} ${STRINGS.answers[label as Label]}`;
    const width = context.measureText(words).width + line * 4;
    const height = line * 8;
    const x = Math.min(Math.max(0, left - line / 2), Math.max(0, canvas.width - width));
    const y = Math.max(height, top);
    context.fillStyle = colour;
    context.fillRect(x, y - height, width, height);
    context.fillStyle = label === "incorrect" ? "#000" : "#fff";
    context.fillText(words, x + line * 2, y - line);
  });
}

/** Steps of `magma` by Smith and van der Walt (CC0): in equal steps of heat equally far apart. */
const HEAT = ["#000004", "#331067", "#8b2281", "#f17b5d", "#fcfdbf"] as const;
const OPACITY = 0.55;

function warm(context: CanvasRenderingContext2D, { box, heat, cells }: Explanation): void {
  const small = new OffscreenCanvas(cells, cells);
  const paint = small.getContext("2d");
  if (!paint) return;
  heat.forEach((share, index) => {
    const step = Math.min(share * (HEAT.length - 1), HEAT.length - 1);
    const first = HEAT[Math.floor(step)]!;
    const second = HEAT[Math.ceil(step)]!;
    const part = Math.round((step % 1) * 100);
    paint.fillStyle = `color-mix(in srgb, ${second} ${part}%, ${first})`;
    paint.fillRect(index % cells, Math.floor(index / cells), 1, 1);
  });
  const [left, top, right, bottom] = box;
  context.save();
  context.globalAlpha = OPACITY;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, left, top, right - left, bottom - top);
  context.restore();
}

function blur(
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  [left, top, right, bottom]: Face["box_xyxy"],
): void {
  const margin = MARGIN * Math.max(right - left, bottom - top);
  const x = Math.max(0, Math.floor(left - margin));
  const y = Math.max(0, Math.floor(top - margin));
  const width = Math.min(canvas.width, Math.ceil(right + margin)) - x;
  const height = Math.min(canvas.height, Math.ceil(bottom + margin)) - y;
  if (width < 1 || height < 1) return;
  // Means of whole cells, so that nothing finer is left.
  const pixels = context.getImageData(x, y, width, height).data;
  const cells = new ImageData(CELLS, CELLS);
  const sums = new Float64Array(CELLS * CELLS * 4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const cell = Math.floor((row * CELLS) / height) * CELLS + Math.floor((column * CELLS) / width);
      const at = (row * width + column) * 4;
      for (let c = 0; c < 3; c++) sums[cell * 4 + c]! += pixels[at + c]!;
      sums[cell * 4 + 3]! += 1;
    }
  }
  for (let cell = 0; cell < CELLS * CELLS; cell++) {
    const n = Math.max(1, sums[cell * 4 + 3]!);
    for (let c = 0; c < 3; c++) cells.data[cell * 4 + c] = sums[cell * 4 + c]! / n;
    cells.data[cell * 4 + 3] = 255;
  }
  const small = new OffscreenCanvas(CELLS, CELLS);
  small.getContext("2d")?.putImageData(cells, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, x, y, width, height);
}
