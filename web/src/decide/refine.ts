/** A second look at what was found, from near, as `refined.py` does it. */
import { snap, suppress } from "./boxes";
import { batchOf, crop } from "./crop";
import { facesInside, type Found } from "./found";
import type { Model, Network } from "./model";
import type { Box, Picture } from "./picture";

const INSET = 100;
const AT_ONCE = 64;

export async function refine(
  picture: Picture,
  found: readonly Found[],
  model: Model,
  looker: Network,
): Promise<Found[]> {
  if (!found.length) return [];
  const { look } = model;
  const foundBoxes = found.map(({ box }) => snap(box));
  const boxes: Box[] = [];
  const scores: number[] = [];
  for (let start = 0; start < found.length; start += AT_ONCE) {
    const some = foundBoxes.slice(start, start + AT_ONCE);
    const crops = some.map((box) => crop(picture, inset(box), look.crop_margin));
    const batch = batchOf(crops, look.size_hw, look.divisor);
    const said = Object.values(await looker.run(batch, [some.length, ...look.size_hw, 3]))[0]!;
    some.forEach((box, index) => {
      const [is, x, y, w, h] = said.subarray(index * 5, index * 5 + 5) as unknown as number[];
      scores.push(Math.fround(Math.sqrt(Math.fround(found[start + index]!.score * is!))));
      boxes.push(snap(move(box, x!, y!, Math.min(w!, look.max_growth), Math.min(h!, look.max_growth))));
    });
  }
  const kept = suppress(boxes, scores, look.max_iou).filter(
    (index) => scores[index]! >= look.min_score,
  );
  return facesInside(
    kept.map((index) => boxes[index]!),
    kept.map((index) => scores[index]!),
    picture.width,
    picture.height,
    model.min_share_inside,
    (index) => found[kept[index]!]!.quality.includes("cut_off"),
  );
}

/** A little smaller, so that a box that is all of the picture is cut with a margin, too. */
function inset([left, top, right, bottom]: Box): Box {
  const x = Math.min(right - left, 1) / INSET;
  const y = Math.min(bottom - top, 1) / INSET;
  return [left + x, top + y, right - x, bottom - y];
}

function move([left, top, right, bottom]: Box, x: number, y: number, w: number, h: number): Box {
  const side = Math.max(right - left, bottom - top);
  const middleX = (left + right) / 2 + x * side;
  const middleY = (top + bottom) / 2 + y * side;
  const halfWidth = (Math.exp(w) * side) / 2;
  const halfHeight = (Math.exp(h) * side) / 2;
  return [middleX - halfWidth, middleY - halfHeight, middleX + halfWidth, middleY + halfHeight];
}
