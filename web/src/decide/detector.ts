/** The whole way from a picture to its faces, as `pipeline.py` goes it. */
import { batchOf, crop } from "./crop";
import type { Model, Networks } from "./model";
import type { Box, Picture } from "./picture";
import { doubts } from "./quality";
import { refine } from "./refine";
import { decide, UNSURE } from "./rule";
import { search } from "./search";

const TOGETHER = 8;

/** A face, as `POST /v1/detect` tells it. */
export interface Face {
  readonly box_xyxy: Box;
  readonly label: string;
  readonly probability: Readonly<Record<string, number>>;
  readonly detector_score: number;
  readonly quality?: readonly string[];
}

export async function detect(picture: Picture, model: Model, networks: Networks): Promise<Face[]> {
  const proposed = await search(picture, model, networks.finder);
  const found = await refine(picture, proposed, model, networks.looker);
  const { preprocess, labels } = model;
  const faces: Face[] = [];
  for (let start = 0; start < found.length; start += TOGETHER) {
    const some = found.slice(start, start + TOGETHER);
    const crops = some.map(({ box }) => crop(picture, box, preprocess.crop_margin));
    const batch = batchOf(crops, preprocess.size_hw, preprocess.divisor);
    const said = Object.values(
      await networks.classifier.run(batch, [some.length, ...preprocess.size_hw, 3]),
    )[0]!;
    some.forEach(({ box, score, quality }, index) => {
      const n = labels.length;
      const { label, probability } = decide(said.subarray(index * n, (index + 1) * n), model);
      const reasons = [...quality, ...doubts(picture, box, model.quality)];
      faces.push({
        box_xyxy: box.map((edge) => rounded(edge, 2)) as unknown as Box,
        label: reasons.length ? UNSURE : label,
        probability: Object.fromEntries(
          labels.map((name, i) => [name, rounded(probability[i]!, 6)]),
        ),
        detector_score: rounded(score, 6),
        ...(reasons.length ? { quality: reasons } : {}),
      });
    });
  }
  return faces;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
