/** Which parts of a face spoke for its answer. */
import { batchOf, crop, squareOf } from "./crop";
import type { Model, Network } from "./model";
import type { Box, Picture } from "./picture";

const CELLS = 8;
const COVERED = 2; // cells in a row and in a column that are covered at once
const TOGETHER = 9;

export interface Explanation {
  /** The part of the picture that the network saw. */
  readonly box: Box;
  /** How much each of `cells` x `cells` parts of it spoke for the answer, 0 to 1, row by row. */
  readonly heat: readonly number[];
  readonly cells: number;
}

/**
 * Covers parts of the face, one after the other, and sees how much less sure the network becomes.
 *
 * Source: Zeiler and Fergus (2014), "Visualizing and Understanding Convolutional Networks", ECCV.
 */
export async function explain(
  picture: Picture,
  box: Box,
  model: Model,
  classifier: Network,
): Promise<Explanation> {
  const { size_hw: size, divisor, crop_margin: margin } = model.preprocess;
  const [height, width] = size;
  const face = batchOf([crop(picture, box, margin)], size, divisor);
  const run = async (batch: Float32Array, n: number): Promise<Float32Array> =>
    Object.values(await classifier.run(batch, [n, height, width, 3]))[0]!;
  const usual = await run(face, 1);
  const best = usual.indexOf(Math.max(...usual));
  const mean = [0, 1, 2].map((c) => {
    let sum = 0;
    for (let i = c; i < face.length; i += 3) sum += face[i]!;
    return (sum * 3) / face.length;
  });
  const places = CELLS - COVERED + 1;
  const drops = new Float32Array(CELLS * CELLS);
  const indices = Array.from({ length: places * places }, (_, index) => index);
  for (let start = 0; start < indices.length; start += TOGETHER) {
    const some = indices.slice(start, start + TOGETHER);
    const batch = new Float32Array(some.length * face.length);
    some.forEach((index, at) => {
      batch.set(face, at * face.length);
      const row = Math.floor(index / places);
      const column = index % places;
      const covered = batch.subarray(at * face.length, (at + 1) * face.length);
      cover(covered, size, row, column, mean);
    });
    const said = await run(batch, some.length);
    some.forEach((index, at) => {
      const drop = Math.max(0, usual[best]! - said[at * usual.length + best]!);
      for (let row = 0; row < COVERED; row++) {
        for (let column = 0; column < COVERED; column++) {
          const cell =
            (Math.floor(index / places) + row) * CELLS + (index % places) + column;
          drops[cell]! += drop;
        }
      }
    });
  }
  const most = Math.max(...drops);
  const heat = Array.from(drops, (drop) => (most > 0 ? drop / most : 0));
  return { box: squareOf(picture, box, margin), heat, cells: CELLS };
}

function cover(
  face: Float32Array,
  [height, width]: readonly [number, number],
  row: number,
  column: number,
  mean: readonly number[],
): void {
  const edge = (cell: number, length: number): number => Math.round((cell * length) / CELLS);
  for (let y = edge(row, height); y < edge(row + COVERED, height); y++) {
    for (let x = edge(column, width); x < edge(column + COVERED, width); x++) {
      for (let c = 0; c < 3; c++) face[(y * width + x) * 3 + c] = mean[c]!;
    }
  }
}
