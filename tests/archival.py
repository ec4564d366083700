#!/usr/bin/env python3
"""What a reader of PDFs that is not ours (qpdf, by way of pikepdf) can tell of PDF/A-2a.

    python3 archival.py FILE       prints what is wrong, one line each; the exit code says whether anything is

It looks at structure, at what the file says of itself, and at what the archive must not depend on: fonts and colours from
elsewhere, passwords, scripts, files to be fetched. It is no whole validator.
"""

import sys

import pikepdf
from pikepdf import Dictionary, Name, Stream


def everything(pdf):
    """All dictionaries, streams included."""
    for thing in pdf.objects:
        if isinstance(thing, (Dictionary, Stream)):
            yield thing


def fonts(pdf):
    """Fonts that bring no glyphs along. A composite font's are those of its descendant."""
    for font in everything(pdf):
        if font.get("/Type") != Name.Font or font.get("/Subtype") == Name.Type0:
            continue
        described = font.get("/FontDescriptor")
        embedded = described is not None and any(f"/FontFile{n}" in described for n in ("", "2", "3"))
        if not embedded and font.get("/Subtype") != Name.Type3:
            yield f"font {font.get('/BaseFont')} is not in the file"


def dependencies(pdf):
    """What an archive must not need."""
    forbidden = {"/JavaScript", "/Launch", "/GoToR", "/Movie", "/Sound", "/ImportData", "/SubmitForm", "/ResetForm"}
    for thing in everything(pdf):
        action = thing.get("/S")
        if isinstance(action, Name) and str(action) in forbidden and "/Type" not in thing:
            yield f"an action {action}"
        if "/F" in thing and isinstance(thing, Stream):
            yield "a stream whose bytes lie in another file"
        if thing.get("/Filter") == Name.LZWDecode:
            yield "a stream that is compressed with LZW"


def itself(pdf):
    """What the file says that it is."""
    with pdf.open_metadata() as said:
        if said.pdfa_status != "2A":
            yield f"it calls itself PDF/A {said.pdfa_status or 'nothing'}"
        if said.get("pdfuaid:part") != "1":
            yield f"it calls itself PDF/UA {said.get('pdfuaid:part')}"
        if not said.get("dc:title"):
            yield "it has no title"
    root = pdf.Root
    if not (root.get("/MarkInfo") or {}).get("/Marked") or "/StructTreeRoot" not in root:
        yield "it is not tagged"
    if not str(root.get("/Lang", "")):
        yield "it does not say in which language it is"
    intents = [i for i in root.get("/OutputIntents", []) if i.get("/S") == Name.GTS_PDFA1]
    if len(intents) != 1 or not isinstance(intents[0].get("/DestOutputProfile"), Stream):
        yield "it does not say what its colours are"
    if len(pdf.trailer.get("/ID", [])) != 2:
        yield "it has no id"


def wrong(path):
    with pikepdf.open(path) as pdf:
        yield from pdf.check_pdf_syntax()
        if pdf.is_encrypted:
            yield "it is encrypted"
        yield from itself(pdf)
        yield from fonts(pdf)
        yield from dependencies(pdf)


if __name__ == "__main__":
    found = list(wrong(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
