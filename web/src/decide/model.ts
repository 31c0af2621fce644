/** The model and all that deciding with it needs, as the server describes it in `model.json`. */
export interface Model {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly labels: readonly string[];
  readonly strict: boolean;
  readonly preprocess: {
    readonly size_hw: readonly [number, number];
    readonly divisor: number;
    readonly crop_margin: number;
  };
  readonly decision: {
    readonly temperature: number;
    readonly bias: readonly number[];
    readonly min_probability: number;
    readonly max_error: number | null;
    readonly guaranteed: boolean;
    readonly strict: { readonly min_probability: number; readonly guaranteed: boolean } | null;
  };
  readonly quality: { readonly min_side_px: number; readonly min_sharpness: number };
  readonly search: {
    readonly long_sides_px: readonly number[];
    readonly min_score: number;
    readonly max_iou: number;
  };
  readonly look: {
    readonly size_hw: readonly [number, number];
    readonly divisor: number;
    readonly crop_margin: number;
    readonly min_score: number;
    readonly max_iou: number;
    readonly max_growth: number;
  };
  readonly min_share_inside: number;
}

/** Runs a network: what goes in by name and shape, what comes out by name. */
export interface Network {
  run(input: Float32Array, shape: readonly number[]): Promise<Record<string, Float32Array>>;
}

export interface Networks {
  /** Finds faces: BGR `(1, 3, h, w)` in, three maps for each of three strides out. */
  readonly finder: Network;
  /** Looks at each once more: `(n, 64, 64, 3)` in, `(n, 5)` out. */
  readonly looker: Network;
  /** Tells what is worn: `(n, h, w, 3)` in, `(n, classes)` out. */
  readonly classifier: Network;
}
