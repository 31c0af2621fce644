/** Arithmetic on boxes, as `boxes.py` has it. */
import type { Box } from "./picture";
import { roundHalfEven } from "./resize";

const PER_PIXEL = 4;

export function area([left, top, right, bottom]: Box): number {
  return Math.max(0, right - left) * Math.max(0, bottom - top);
}

export function iou(a: Box, b: Box): number {
  const shared = area([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
  return shared > 0 ? shared / (area(a) + area(b) - shared) : 0;
}

export function clip(box: Box, width: number, height: number): Box {
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return [within(box[0], width), within(box[1], height), within(box[2], width), within(box[3], height)];
}

/** On quarters of a pixel: so that how a machine rounds does not decide which pixels of a face are cut out. */
export function snap(box: Box): Box {
  const [left, top, right, bottom] = box.map((edge) => roundHalfEven(edge * PER_PIXEL) / PER_PIXEL) as unknown as Box;
  return [left, top, Math.max(right, left + 1 / PER_PIXEL), Math.max(bottom, top + 1 / PER_PIXEL)];
}

/** Of boxes on one thing the surest: which are kept, the surest first. */
export function suppress(boxes: readonly Box[], scores: readonly number[], maxIou: number): number[] {
  let left = boxes.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const kept: number[] = [];
  while (left.length) {
    const surest = left.shift()!;
    kept.push(surest);
    left = left.filter((other) => iou(boxes[surest]!, boxes[other]!) <= maxIou);
  }
  return kept;
}
