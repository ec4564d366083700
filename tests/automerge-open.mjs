// Opens an exported document with the library that other people use, and
// prints what it holds: node automerge-open.mjs FILE
import { readFile } from "node:fs/promises";
import * as Automerge from "@automerge/automerge";

const document = Automerge.load(await readFile(process.argv[2]));
console.log(JSON.stringify({ heads: Automerge.getHeads(document), document: Automerge.toJS(document) }));
