/**
 * Resizing, pixel for pixel as the libraries do it that the server uses: OpenCV for what looks for
 * faces, Pillow for what is shown to the networks.
 */
import { makePicture, type Picture } from "./picture";

/** As `cv2.resize` with INTER_LINEAR: fixed-point weights of 11 bits. */
export function resizeLinear(picture: Picture, width: number, height: number): Picture {
  return between(picture, width, height, placeOfMiddle);
}

/** As `cv2.resize` with INTER_AREA: each pixel is the mean of what it covers. */
export function resizeArea(picture: Picture, width: number, height: number): Picture {
  const isSmaller = width <= picture.width && height <= picture.height;
  return isSmaller ? mean(picture, width, height) : between(picture, width, height, placeOfEdge);
}

function between(picture: Picture, width: number, height: number, placeOf: PlaceOf): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const { rgb } = picture;
  const across = linearWeights(width, picture.width, placeOf);
  const down = linearWeights(height, picture.height, placeOf);
  const resized = makePicture(width, height);
  const rowOf = (y: number): Int32Array => {
    const row = new Int32Array(width * 3);
    const start = y * picture.width * 3;
    for (let x = 0; x < width; x++) {
      const left = start + across.first[x]! * 3;
      const right = start + across.second[x]! * 3;
      const a = across.a[x]!;
      const b = across.b[x]!;
      for (let c = 0; c < 3; c++) row[x * 3 + c] = rgb[left + c]! * a + rgb[right + c]! * b;
    }
    return row;
  };
  const rows = new Map<number, Int32Array>();
  for (let y = 0; y < height; y++) {
    const upper = down.first[y]!;
    const lower = down.second[y]!;
    for (const known of rows.keys()) if (known < upper) rows.delete(known);
    for (const wanted of [upper, lower]) if (!rows.has(wanted)) rows.set(wanted, rowOf(wanted));
    const above = rows.get(upper)!;
    const below = rows.get(lower)!;
    const a = down.a[y]!;
    const b = down.b[y]!;
    const start = y * width * 3;
    for (let i = 0; i < width * 3; i++) {
      resized.rgb[start + i] =
        (((a * (above[i]! >> 4)) >> 16) + ((b * (below[i]! >> 4)) >> 16) + 2) >> 2;
    }
  }
  return resized;
}

interface LinearWeights {
  first: Int32Array;
  second: Int32Array;
  a: Int32Array;
  b: Int32Array;
}

/** Between which of the given pixels one of the wanted lies, and how far from the first. */
type PlaceOf = (wanted: number, to: number, from: number) => readonly [first: number, share: number];

const placeOfMiddle: PlaceOf = (wanted, to, from) => {
  const place = Math.fround((wanted + 0.5) * (from / to) - 0.5);
  const first = Math.floor(place);
  return [first, Math.fround(place - first)];
};

/** How OpenCV makes pictures larger where means of areas are asked for. */
const placeOfEdge: PlaceOf = (wanted, to, from) => {
  const first = Math.floor(wanted * (from / to));
  const share = Math.fround(wanted + 1 - (first + 1) * (to / from));
  return [first, share <= 0 ? 0 : Math.fround(share - Math.floor(share))];
};

function linearWeights(to: number, from: number, placeOf: PlaceOf): LinearWeights {
  const weights = {
    first: new Int32Array(to),
    second: new Int32Array(to),
    a: new Int32Array(to),
    b: new Int32Array(to),
  };
  for (let i = 0; i < to; i++) {
    let [first, share] = placeOf(i, to, from);
    if (first < 0) [first, share] = [0, 0];
    if (first >= from - 1) [first, share] = [from - 1, 0];
    weights.first[i] = first;
    weights.second[i] = Math.min(first + 1, from - 1);
    weights.a[i] = roundHalfEven(Math.fround(1 - share) * 2048);
    weights.b[i] = roundHalfEven(share * 2048);
  }
  return weights;
}

function mean(picture: Picture, width: number, height: number): Picture {
  const across = areaWeights(width, picture.width);
  const down = areaWeights(height, picture.height);
  const { rgb } = picture;
  const resized = makePicture(width, height);
  const sums = new Float32Array(width * 3);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (const [row, share] of down[y]!) {
      const start = row * picture.width * 3;
      for (let x = 0; x < width; x++) {
        let [r, g, b] = [0, 0, 0];
        for (const [column, part] of across[x]!) {
          const at = start + column * 3;
          r = Math.fround(r + rgb[at]! * part);
          g = Math.fround(g + rgb[at + 1]! * part);
          b = Math.fround(b + rgb[at + 2]! * part);
        }
        sums[x * 3] = sums[x * 3]! + r * share;
        sums[x * 3 + 1] = sums[x * 3 + 1]! + g * share;
        sums[x * 3 + 2] = sums[x * 3 + 2]! + b * share;
      }
    }
    for (let i = 0; i < width * 3; i++) {
      resized.rgb[y * width * 3 + i] = Math.min(255, Math.max(0, roundHalfEven(sums[i]!)));
    }
  }
  return resized;
}

type Share = readonly [index: number, share: number];

function areaWeights(to: number, from: number): Share[][] {
  const scale = from / to;
  const weights: Share[][] = [];
  for (let i = 0; i < to; i++) {
    const begin = i * scale;
    const end = begin + scale;
    const cell = Math.min(scale, from - begin);
    let first = Math.ceil(begin);
    let last = Math.min(Math.floor(end), from - 1);
    first = Math.min(first, last);
    const shares: Share[] = [];
    if (first - begin > 1e-3) shares.push([first - 1, Math.fround((first - begin) / cell)]);
    for (let at = first; at < last; at++) shares.push([at, Math.fround(1 / cell)]);
    if (end - last > 1e-3) {
      shares.push([last, Math.fround(Math.min(Math.min(end - last, 1), cell) / cell)]);
    }
    weights.push(shares);
  }
  return weights;
}

/** As Pillow's `Image.resize` with BICUBIC: antialiased, fixed-point weights of 22 bits. */
export function resizeBicubic(picture: Picture, width: number, height: number): Picture {
  let resized = picture;
  if (width !== resized.width) resized = alongRows(resized, width);
  if (height !== resized.height) resized = alongColumns(resized, height);
  return resized;
}

const PRECISION_BITS = 22;

interface Kernel {
  first: number;
  weights: Int32Array;
}

function bicubic(distance: number): number {
  const x = Math.abs(distance);
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function kernels(to: number, from: number): Kernel[] {
  const scale = from / to;
  const filterScale = Math.max(1, scale);
  const support = 2 * filterScale;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const exact = new Float64Array(end - first);
    let sum = 0;
    for (let j = 0; j < exact.length; j++) {
      exact[j] = bicubic((j + first - centre + 0.5) / filterScale);
      sum += exact[j]!;
    }
    const weights = new Int32Array(exact.length);
    exact.forEach((weight, j) => {
      const scaled = (weight / sum) * 2 ** PRECISION_BITS;
      weights[j] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
    return { first, weights };
  });
}

function alongRows(picture: Picture, width: number): Picture {
  const resized = makePicture(width, picture.height);
  const wanted = kernels(width, picture.width);
  for (let y = 0; y < picture.height; y++) {
    const row = y * picture.width * 3;
    for (let x = 0; x < width; x++) {
      const { first, weights } = wanted[x]!;
      weigh(picture.rgb, row + first * 3, 3, weights, resized.rgb, (y * width + x) * 3);
    }
  }
  return resized;
}

function alongColumns(picture: Picture, height: number): Picture {
  const { width } = picture;
  const resized = makePicture(width, height);
  const wanted = kernels(height, picture.height);
  for (let y = 0; y < height; y++) {
    const { first, weights } = wanted[y]!;
    for (let x = 0; x < width; x++) {
      weigh(picture.rgb, (first * width + x) * 3, width * 3, weights, resized.rgb, (y * width + x) * 3);
    }
  }
  return resized;
}

function weigh(
  from: Uint8Array,
  start: number,
  step: number,
  weights: Int32Array,
  to: Uint8Array,
  place: number,
): void {
  for (let c = 0; c < 3; c++) {
    let sum = 1 << (PRECISION_BITS - 1);
    for (let j = 0, at = start + c; j < weights.length; j++, at += step) {
      sum += from[at]! * weights[j]!;
    }
    to[place + c] = Math.min(255, Math.max(0, sum >> PRECISION_BITS));
  }
}

/** To the nearest whole number, halves to the even one, as `rint` does. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
