/**
 * {@linkcode parseXml}: the little of XML that listings need.
 *
 * @see {@link https://www.w3.org/TR/xml/ Extensible Markup Language (XML) 1.0}
 * @module
 */

/** An element. */
export interface XmlElement {
  /** Its name, as it is written. */
  readonly name: string;
  /** The elements in it. */
  readonly children: readonly XmlElement[];
  /** The text in it, without that of its children. */
  readonly text: string;
}

/** An element that is not complete yet. */
interface OpenElement {
  readonly name: string;
  readonly children: OpenElement[];
  text: string;
}

/** Listings are flat. */
const MAX_DEPTH = 16;

/**
 * Parses a document. It must be well-formed; document types, with which entities and their expansions come, are refused.
 *
 * @param text The document.
 * @returns Its root.
 * @throws {SyntaxError} If it is not such a document.
 */
export async function parseXml(text: string): Promise<XmlElement> {
  const { SaxesParser } = await import("saxes");
  const parser = new SaxesParser();
  const top: OpenElement = { name: "", children: [], text: "" };
  const open: OpenElement[] = [top];
  parser.on("error", (error) => {
    throw new SyntaxError(`Cannot parse XML: ${error.message}`, { cause: error });
  });
  parser.on("doctype", () => {
    throw new SyntaxError("Cannot parse XML: it has a document type");
  });
  parser.on("opentag", ({ name }) => {
    if (open.length > MAX_DEPTH) throw new SyntaxError(`Cannot parse XML: it is deeper than ${MAX_DEPTH} elements`);
    const element: OpenElement = { name, children: [], text: "" };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on("text", (more) => void (open.at(-1)!.text += more));
  parser.on("cdata", (more) => void (open.at(-1)!.text += more));
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  return top.children[0]!;
}

/** The text of the first child of this name; `undefined` if there is none. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}
