/** From a file or a frame to the pixels that are decided on. */
import { pictureOf, type Picture } from "../decide/picture";
import { STRINGS } from "./strings";

const MAX_BYTES = 20 * 2 ** 20;
const MAX_PIXELS = 50_000_000;
const BEHIND_TRANSPARENCY = "rgb(128 128 128)";

/** Upright, without colour conversion, as the server decodes it. */
export async function readBitmap(file: Blob): Promise<ImageBitmap> {
  if (file.size > MAX_BYTES) throw new Error(STRINGS.tooLarge);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, {
      colorSpaceConversion: "none",
      imageOrientation: "from-image",
    });
  } catch {
    throw new Error(STRINGS.unreadable);
  }
  if (bitmap.width * bitmap.height > MAX_PIXELS) throw new Error(STRINGS.tooLarge);
  return bitmap;
}

export function pixelsOf(source: ImageBitmap | HTMLVideoElement, width: number, height: number): Picture {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(STRINGS.unreadable);
  context.fillStyle = BEHIND_TRANSPARENCY;
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  return pictureOf(context.getImageData(0, 0, width, height));
}
