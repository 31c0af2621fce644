/** What can be taken home. */
import type { Face } from "../decide/detector";

export interface Result {
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly faces: readonly Face[];
}

export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function jsonOf(results: readonly Result[]): Blob {
  const lines = results.map((result) => JSON.stringify(result));
  return new Blob([`${lines.join("\n")}\n`], { type: "application/x-ndjson" });
}

const LABELS = ["without_mask", "with_mask", "incorrect"] as const;
const COLUMNS = [
  ...["source", "width", "height", "face", "x_min", "y_min", "x_max", "y_max", "label"],
  ...LABELS.map((name) => `probability_${name}`),
  ...["detector_score", "quality", "error"],
];

/** As `maskwise detect --out answers.csv` writes it. */
export function csvOf(results: readonly Result[]): Blob {
  const rows = results.flatMap(({ source, width, height, faces }) => {
    const picture = [safe(source), width, height];
    if (!faces.length) return [[...picture, ...Array<string>(COLUMNS.length - 3).fill("")]];
    return faces.map((face, index) => [
      ...picture,
      ...[index + 1, ...face.box_xyxy.map(real), face.label],
      ...LABELS.map((name) => (name in face.probability ? real(face.probability[name]!) : "")),
      ...[real(face.detector_score), (face.quality ?? []).join(" "), ""],
    ]);
  });
  const lines = [COLUMNS, ...rows].map((row) => row.map(cell).join(","));
  return new Blob([lines.map((line) => `${line}\r\n`).join("")], { type: "text/csv" });
}

export function confidence(face: Face): number {
  return face.probability[face.label] ?? Math.max(...Object.values(face.probability));
}

/** A text that no spreadsheet runs as a formula; see `docs/outputs.md`. */
function safe(text: string): string {
  return /^[=+\-@\t\r\n']/.test(text) ? `'${text.replaceAll("\\", "\\\\")}` : text;
}

function cell(value: string | number | Real): string {
  return typeof value === "string" ? `"${value.replaceAll('"', '""')}"` : String(value);
}

/** A number that may have a fraction, written as Python writes it. */
interface Real {
  toString(): string;
}

function real(value: number): Real {
  const isTiny = value !== 0 && Math.abs(value) < 1e-4;
  const text = isTiny
    ? value.toExponential().replace(/e-(\d)$/, "e-0$1")
    : Number.isInteger(value)
      ? value.toFixed(1)
      : String(value);
  return { toString: () => text };
}
