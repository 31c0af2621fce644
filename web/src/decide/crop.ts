/** Cutting a face out of its picture, as `preprocess.py` does it. */
import { makePicture, type Box, type Picture } from "./picture";
import { resizeBicubic, roundHalfEven } from "./resize";

const LONGEST_CROP = 4096;

/** The square around a box with a margin, which may reach beyond the picture; or all of it. */
export function squareOf(picture: Picture, [left, top, right, bottom]: Box, margin: number): Box {
  const { width, height } = picture;
  if (left <= 0 && top <= 0 && right >= width && bottom >= height) return [0, 0, width, height];
  const side = Math.max(right - left, bottom - top) * (1 + 2 * margin);
  const x = (left + right - side) / 2;
  const y = (top + bottom - side) / 2;
  return [x, y, x + side, y + side];
}

/** That square, cut out; beyond the picture its edge is repeated. */
export function crop(picture: Picture, box: Box, margin: number): Picture {
  const [left, top, right, bottom] = box;
  const { width, height } = picture;
  if (left <= 0 && top <= 0 && right >= width && bottom >= height) return picture;
  const side = Math.max(right - left, bottom - top) * (1 + 2 * margin);
  const rows = places((top + bottom - side) / 2, side, height);
  const columns = places((left + right - side) / 2, side, width);
  const cut = makePicture(columns.length, rows.length);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * width + column) * 3;
      cut.rgb[to] = picture.rgb[from]!;
      cut.rgb[to + 1] = picture.rgb[from + 1]!;
      cut.rgb[to + 2] = picture.rgb[from + 2]!;
      to += 3;
    }
  }
  return cut;
}

function places(first: number, length: number, limit: number): Int32Array {
  const n = Math.min(Math.max(1, roundHalfEven(length)), LONGEST_CROP);
  const step = length / n;
  return Int32Array.from({ length: n }, (_, i) =>
    Math.min(Math.max(Math.floor(first + (i + 0.5) * step), 0), limit - 1),
  );
}

/** Network input `(n, height, width, 3)`, each face resized and divided. */
export function batchOf(
  faces: readonly Picture[],
  [height, width]: readonly [number, number],
  divisor: number,
): Float32Array {
  const size = height * width * 3;
  const batch = new Float32Array(faces.length * size);
  const by = Math.fround(divisor);
  faces.forEach((face, index) => {
    const { rgb } = resizeBicubic(face, width, height);
    for (let i = 0; i < size; i++) batch[index * size + i] = rgb[i]! / by;
  });
  return batch;
}
