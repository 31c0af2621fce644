/** Which faces are too small or too blurred to be answered, as `quality.py` has it. */
import { makePicture, type Box, type Picture } from "./picture";
import { resizeArea } from "./resize";

const COMPARED_SIZE_PX = 16;
const SAMPLES = 4;
const LEAST_VARIANCE = 4;

export function doubts(
  picture: Picture,
  [left, top, right, bottom]: Box,
  rule: { readonly min_side_px: number; readonly min_sharpness: number },
): string[] {
  if (!(rule.min_side_px || rule.min_sharpness)) return [];
  if (Math.min(right - left, bottom - top) < rule.min_side_px) return ["too_small"];
  const face = cut(
    picture,
    Math.max(0, Math.floor(left)),
    Math.max(0, Math.floor(top)),
    Math.min(picture.width, Math.max(1, Math.ceil(right))),
    Math.min(picture.height, Math.max(1, Math.ceil(bottom))),
  );
  return sharpness(face) < rule.min_sharpness ? ["too_blurred"] : [];
}

function cut(picture: Picture, left: number, top: number, right: number, bottom: number): Picture {
  const step = Math.max(
    1,
    Math.floor(Math.min(right - left, bottom - top) / (SAMPLES * COMPARED_SIZE_PX)),
  );
  const face = makePicture(Math.ceil((right - left) / step), Math.ceil((bottom - top) / step));
  let to = 0;
  for (let y = top; y < bottom; y += step) {
    for (let x = left; x < right; x += step, to += 3) {
      const from = (y * picture.width + x) * 3;
      for (let c = 0; c < 3; c++) face.rgb[to + c] = picture.rgb[from + c]!;
    }
  }
  return face;
}

function sharpness(face: Picture): number {
  const n = COMPARED_SIZE_PX;
  const { rgb } = resizeArea(face, n, n);
  const grey = new Float64Array(n * n);
  for (let i = 0; i < n * n; i++) {
    grey[i] = (rgb[i * 3]! * 4899 + rgb[i * 3 + 1]! * 9617 + rgb[i * 3 + 2]! * 1868 + 8192) >> 14;
  }
  const edges: number[] = [];
  for (let y = 1; y < n - 1; y++) {
    for (let x = 1; x < n - 1; x++) {
      const at = y * n + x;
      edges.push(grey[at - n]! + grey[at + n]! + grey[at - 1]! + grey[at + 1]! - 4 * grey[at]!);
    }
  }
  return variance(edges) / Math.max(variance([...grey]), LEAST_VARIANCE);
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
