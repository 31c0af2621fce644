/** Who decides: this browser, or the server. */
import type { Face } from "../decide/detector";
import type { Explanation } from "../decide/explain";
import type { Box, Picture } from "../decide/picture";
import type { Asked, Told } from "../decide/worker";
import { STRINGS } from "./strings";

export class Browser {
  #worker: Worker | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, (told: Told) => void>();

  constructor(private readonly key: () => string) {}

  async decide(picture: Picture): Promise<readonly Face[]> {
    const told = await this.#ask({ picture });
    return "faces" in told ? told.faces : [];
  }

  /** What of a face spoke for its answer. */
  async explain(picture: Picture, box: Box): Promise<Explanation> {
    const told = await this.#ask({ picture, box });
    if (!("explanation" in told)) throw new Error(STRINGS.failed("worker"));
    return told.explanation;
  }

  async #ask(what: Pick<Asked, "picture" | "box">): Promise<Told> {
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#asked;
    const told = await new Promise<Told>((resolve) => {
      this.#waiting.set(id, resolve);
      const asked: Asked = { ...what, id, key: this.key() };
      worker.postMessage(asked, [what.picture.rgb.buffer]);
    });
    if ("error" in told) {
      throw new Error(told.error.endsWith(": 401") ? STRINGS.noKey : STRINGS.failed(told.error));
    }
    return told;
  }

  #start(): Worker {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      this.#waiting.get(data.id)?.(data);
      this.#waiting.delete(data.id);
    };
    worker.onerror = () => {
      for (const [id, tell] of this.#waiting) tell({ id, error: STRINGS.failed("worker") });
      this.#waiting.clear();
      this.#worker = undefined;
    };
    return worker;
  }
}

export class Server {
  constructor(
    private readonly base: URL,
    private readonly key: () => string,
  ) {}

  /** Whether there is one; a page that lies on a static host has none. */
  async isThere(): Promise<boolean> {
    try {
      const answer = await fetch(new URL("healthz", this.base));
      return answer.ok && ((await answer.json()) as { status?: string }).status === "ok";
    } catch {
      return false;
    }
  }

  async decide(picture: Blob): Promise<readonly Face[]> {
    const key = this.key();
    let answer: Response;
    try {
      answer = await fetch(new URL("v1/detect", this.base), {
        method: "POST",
        body: picture,
        headers: {
          "Content-Type": "application/octet-stream",
          ...(key ? { Authorization: `Bearer ${key}` } : {}),
        },
      });
    } catch {
      throw new Error(STRINGS.noServer);
    }
    if (answer.status === 401) throw new Error(STRINGS.noKey);
    const told = (await answer.json()) as {
      results?: { faces: Face[] }[];
      error?: { message: string };
    };
    if (told.error) throw new Error(told.error.message);
    return told.results?.[0]?.faces ?? [];
  }
}
