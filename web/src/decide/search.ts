/** Finding faces in several sizes with YuNet, as `search.py` and `yunet.py` do it. */
import { suppress } from "./boxes";
import { facesInside, type Found } from "./found";
import type { Model, Network } from "./model";
import { makePicture, type Box, type Picture } from "./picture";
import { resizeArea, resizeLinear, roundHalfEven } from "./resize";

const GREY = 128;
const STRIDES_PX = [8, 16, 32] as const;

export async function search(picture: Picture, model: Model, finder: Network): Promise<Found[]> {
  const { long_sides_px: sides, min_score: minScore, max_iou: maxIou } = model.search;
  const largest = Math.max(...sides);
  const reduced =
    Math.max(picture.width, picture.height) > largest ? scale(picture, largest) : picture;
  const boxes: Box[] = [];
  const scores: number[] = [];
  for (const side of sides) {
    const scaled = scale(reduced, side);
    const toReduced = [reduced.width / scaled.width, reduced.height / scaled.height] as const;
    for (const [box, score] of await look(scaled, finder, minScore)) {
      boxes.push(times(box, toReduced));
      scores.push(score);
    }
  }
  const kept = suppress(boxes, scores, maxIou);
  const toPicture = [picture.width / reduced.width, picture.height / reduced.height] as const;
  return facesInside(
    kept.map((index) => times(boxes[index]!, toPicture)),
    kept.map((index) => scores[index]!),
    picture.width,
    picture.height,
    model.min_share_inside,
  );
}

function times([left, top, right, bottom]: Box, [x, y]: readonly [number, number]): Box {
  return [left * x, top * y, right * x, bottom * y];
}

function scale(picture: Picture, longSide: number): Picture {
  const by = longSide / Math.max(picture.width, picture.height);
  const width = Math.max(1, roundHalfEven(picture.width * by));
  const height = Math.max(1, roundHalfEven(picture.height * by));
  return by < 0.5 ? resizeArea(picture, width, height) : resizeLinear(picture, width, height);
}

async function look(
  picture: Picture,
  finder: Network,
  minScore: number,
): Promise<(readonly [Box, number])[]> {
  const canvas = padded(picture);
  const { width, height, rgb } = canvas;
  const plane = width * height;
  const input = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    input[i] = rgb[i * 3 + 2]!; // it learnt on BGR
    input[plane + i] = rgb[i * 3 + 1]!;
    input[2 * plane + i] = rgb[i * 3]!;
  }
  const said = await finder.run(input, [1, 3, height, width]);
  const found: (readonly [Box, number])[] = [];
  for (const stride of STRIDES_PX) {
    const isFace = said[`cls_${stride}`]!;
    const isObject = said[`obj_${stride}`]!;
    const box = said[`bbox_${stride}`]!;
    const columns = width / stride;
    for (let cell = 0; cell < isFace.length; cell++) {
      const score = Math.fround(Math.sqrt(Math.fround(share(isFace[cell]!) * share(isObject[cell]!))));
      if (!(score >= minScore)) continue;
      const x = (box[cell * 4]! + (cell % columns)) * stride;
      const y = (box[cell * 4 + 1]! + Math.floor(cell / columns)) * stride;
      const halfWidth = Math.exp(box[cell * 4 + 2]!) * (stride / 2);
      const halfHeight = Math.exp(box[cell * 4 + 3]!) * (stride / 2);
      found.push([[x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight], score]);
    }
  }
  return found;
}

function share(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}

/** With grey to the right and below, so that both sides are multiples of the coarsest stride. */
function padded(picture: Picture): Picture {
  const coarsest = STRIDES_PX[2];
  const width = Math.ceil(picture.width / coarsest) * coarsest;
  const height = Math.ceil(picture.height / coarsest) * coarsest;
  const canvas = makePicture(width, height);
  canvas.rgb.fill(GREY);
  for (let y = 0; y < picture.height; y++) {
    const row = picture.rgb.subarray(y * picture.width * 3, (y + 1) * picture.width * 3);
    canvas.rgb.set(row, y * width * 3);
  }
  return canvas;
}
