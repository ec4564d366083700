// Opens an exported document with the library that other people use, and
// prints what it holds: node automerge-open.mjs FILE
import { readFile } from "node:fs/promises";
import * as Automerge from "@automerge/automerge";

const document = Automerge.load(await readFile(process.argv[2]));
// Times are 64-bit integers, which the library hands over as BigInt and JSON does not know.
const plain = (_key, value) => (typeof value === "bigint" ? Number(value) : value);
console.log(JSON.stringify({ heads: Automerge.getHeads(document), document: Automerge.toJS(document) }, plain));
