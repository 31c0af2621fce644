/** Faces as a detector hands them on, as `border.py` has it. */
import { area, clip } from "./boxes";
import type { Box } from "./picture";

export interface Found {
  readonly box: Box;
  readonly score: number;
  readonly quality: readonly string[];
}

/** Faces cut off at the border of their picture, without those that lie outside of it. */
export function facesInside(
  boxes: readonly Box[],
  scores: readonly number[],
  width: number,
  height: number,
  minShareInside: number,
  isCutOff: (index: number) => boolean = () => false,
): Found[] {
  return boxes.flatMap((box, index) => {
    const inside = clip(box, width, height).map(Math.fround) as unknown as Box;
    const share = area(inside) / area(box);
    if (!(share > 0)) return [];
    const quality = share < minShareInside || isCutOff(index) ? ["cut_off"] : [];
    const score = Math.fround(Math.min(Math.max(scores[index]!, 0), 1));
    return [{ box: inside, score, quality }];
  });
}
