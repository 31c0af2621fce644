/** A picture: RGB bytes, row by row, upright, as `images.py` makes them. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Left, top, right and bottom in pixels; the right and bottom edges are not part of the box. */
export type Box = readonly [number, number, number, number];

export function makePicture(width: number, height: number): Picture {
  return { width, height, rgb: new Uint8Array(width * height * 3) };
}

/** The RGB part of what a canvas gives. */
export function pictureOf(image: ImageData): Picture {
  const picture = makePicture(image.width, image.height);
  const { rgb } = picture;
  const rgba = image.data;
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return picture;
}
