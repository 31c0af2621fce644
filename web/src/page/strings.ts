/** All words of the page, in one place. */
export const STRINGS = {
  answers: {
    without_mask: "no mask",
    with_mask: "mask",
    incorrect: "mask worn wrongly",
    unsure: "unsure",
  },
  reasons: {
    too_small: "too small",
    too_blurred: "too blurred",
    cut_off: "cut off",
  },
  deciding: "Deciding …",
  noFaces: "No face was found.",
  faces: (n: number): string => (n === 1 ? "1 face" : `${n} faces`),
  took: (ms: number): string => `${Math.round(ms)} ms`,
  picture: (name: string, faces: string): string => `${name}: ${faces}`,
  columns: ["face", "answer", "how sure", "found", "doubts", "why"],
  why: "Why?",
  whyFace: (number: number): string => `Why is this said of face ${number}?`,
  whyShown: "The warmer a part of the face, the more it spoke for the answer.",
  sure: (share: number): string => `${(share * 100).toFixed(1)} %`,
  threshold: (share: number): string =>
    share > 0 ? `at least ${(share * 100).toFixed(1)} % sure` : "as the model says",
  savePicture: "Picture",
  remove: "Remove",
  camera: "Camera",
  cameraRefused: "The camera cannot be opened. Allow it for this page, or check that no other program uses it.",
  cameraNone: "There is no camera.",
  tooLarge: "The picture has more than 50 megapixels or 20 MiB; scale it down.",
  unreadable: "This is no picture that the browser can read.",
  noServer: "The server cannot be reached.",
  noKey: "The server wants a key.",
  failed: (reason: string): string => `This did not work: ${reason}`,
} as const;

export type Label = keyof typeof STRINGS.answers;
