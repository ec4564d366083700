#!/usr/bin/env python3
"""A second verifier of certificates: bytes, hashes, signatures, gaps, written from docs/certificate.md alone.

It shares no code with the project and needs `cryptography` and `blake3` from PyPI. It knows nothing
of membership, routes or documents; what it accepts there, the project's own verifier may still refuse.

    python3 verify.py FILE...      prints one JSON object a line: {"file", "holds", "why", "entries", "words"}

`words` are those of relays that hold: {"relay", "at"}. Whether to believe a relay's clock is the reader's choice; one that
does not hold bounds nothing, and spoils nothing.
"""

import json
import struct
import sys
import zlib

from blake3 import blake3
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

MAGIC = b"proofroom certificate 1\n"
SIGNED, HEADER = 383, 319
AUTHORITY = bytes(16)
P = 2**255 - 19
# The eight points of small order, as they are encoded, and their other encodings.
SMALL = {
    bytes.fromhex(h)
    for h in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
}


class Refused(Exception):
    """Something does not hold."""


def check(holds, why):
    if not holds:
        raise Refused(why)


def digest(data):
    return blake3(data).digest()


def derive(context, *parts):
    return blake3(b"".join(parts), derive_key_context=context).digest()


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        check(self.at + n <= len(self.data), f"ends at byte {self.at}")
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def run(self):
        return self.take(self.number("I"))


def signed(key, domain, message, signature, what):
    check(key not in SMALL and signature[:32] not in SMALL, f"{what}: a point of small order")
    # An encoding of y beyond the field is another spelling of a key: strict verifiers refuse it in R.
    check(int.from_bytes(signature[:32], "little") % 2**255 < P, f"{what}: R is no canonical point")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, domain.encode() + b"\0" + message)
    except (InvalidSignature, ValueError):
        raise Refused(f"{what}: the signature does not hold") from None


# The archive

def row(name, data):
    crc = zlib.crc32(data)
    return struct.pack("<5H3I2H", 20, 0x800, 0, 0, 0x21, crc, len(data), len(data), len(name), 0)


def archive(data):
    """The members of an archive in its one spelling."""
    r, members, directory = Reader(data), {}, b""
    last = b""
    while data[r.at : r.at + 4] == b"PK\x03\x04":
        offset = r.at
        head = r.take(30)
        size, name_len = struct.unpack("<I", head[18:22])[0], struct.unpack("<H", head[26:28])[0]
        name = r.take(name_len)
        body = r.take(size)
        check(head == b"PK\x03\x04" + row(name, body), f"byte {offset} begins no member as it is written here")
        check(last < name and len(name) <= 400, "names ascend")
        last = name
        parts = name.decode("utf-8", "strict").split("/")
        check(len(parts) <= 3, "a name has three parts at most")
        for part in parts:
            check(part and part[0] not in ". " and part[-1] not in ". ", "a name stays in its folder")
            bad = set('\\:*?"<>|') | {chr(c) for c in (*range(32), *range(127, 160))}
            check(not bad & set(part), "a name is plain")
        members[name.decode()] = body
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + row(name, body)
        directory += struct.pack("<3H2I", 0, 0, 0, 0, offset) + name
    at = r.at
    end = b"PK\x05\x06" + struct.pack("<2H2H2IH", 0, 0, len(members), len(members), len(directory), at, 0)
    check(data[at:] == directory + end, "the directory is not the one that is written here")
    check(len(members) <= 10_000, "too many members")
    return members


# Canonical JSON

def canonical(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: k.encode("utf-16-be"))
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        out = []
        short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        for c in value:
            out.append(short.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c))
        return '"' + "".join(out) + '"'
    check(value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53), "a number")
    return json.dumps(value)


def read_json(raw, keys, what):
    try:
        text = raw.decode("utf-8")
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(f"{what}: no JSON") from None
    check(isinstance(value, dict) and set(value) == set(keys), f"{what}: other keys than {keys}")
    check(canonical(value) == text, f"{what}: not in its one spelling")
    return value


# Entries

FIELDS = (
    ("version", 1), ("kind", 1), ("audience", 1), ("workspace", 32), ("document", 16), ("author", 32), ("log", 16),
    ("position", 8), ("previous", 32), ("previous_log", 32), ("membership", 32), ("claimed", 8), ("key", 16),
    ("nonce", 24), ("tip", 32), ("length", 4), ("hash", 32), ("signature", 64),
)
CLASS = {1: 2, 2: 0, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1}


def header(data):
    h, at = {}, 0
    check(len(data) >= SIGNED, "an entry ends early")
    for name, n in FIELDS:
        h[name], at = data[at : at + n], at + n
    for name in ("version", "kind", "audience", "position", "length"):
        h[name] = int.from_bytes(h[name], "little")
    zero = {name: not any(h[name]) for name in ("workspace", "previous", "previous_log", "membership", "key", "nonce")}
    plain, first, genesis = h["kind"] == 1, h["position"] == 1, zero["workspace"]
    check(h["version"] == 1 and h["kind"] in CLASS and h["audience"] == 0, "version, kind or audience")
    check(h["document"][0] < 128 and h["position"] > 0, "the audience is the document's, positions begin at 1")
    check(first == zero["previous"] and (first or zero["previous_log"]), "previous")
    check(zero["key"] == plain and zero["nonce"] == plain, "key and nonce are zero where the payload is in the clear")
    check(plain == (h["document"] == AUTHORITY), "the membership log has membership entries")
    check(genesis == zero["membership"] and (not genesis or (plain and first)), "the first entry")
    check(h["log"][0] >> 6 == CLASS[h["kind"]], "the class of the log")
    check(h["log"][8:] == derive("proofroom 1 log id", h["author"], h["document"], h["log"][:8])[:8], "the log's id")
    check(h["length"] <= 8 << 20, "the payload's length")
    h["id"], h["genesis"] = digest(data[:SIGNED]), genesis
    return h


def padme(n):
    e = n.bit_length() - 1
    if e < 1:
        return n
    bits = e - e.bit_length()
    mask = (1 << bits) - 1
    return (n + mask) & ~mask


def rotl(v, n):
    return ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF


def hchacha(key, nonce):
    s = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + struct.unpack("<4I", nonce))
    columns = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
    diagonals = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
    for _ in range(10):
        for a, b, c, d in columns + diagonals:
            for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                s[x] = (s[x] + s[y]) & 0xFFFFFFFF
                s[z] = rotl(s[z] ^ s[x], n)
    return struct.pack("<8I", *s[:4], *s[12:])


def opened(key, data):
    payload, nonce = data[SIGNED:], data[227:251]
    check(len(payload) >= 48 and payload[:32] == derive("proofroom 1 entry commitment", key), "the key is another's")
    cipher = hchacha(derive("proofroom 1 entry cipher", key), nonce[:16])
    try:
        packed = ChaCha20Poly1305(cipher).decrypt(bytes(4) + nonce[16:], payload[32:], data[:251])
    except InvalidTag:
        raise Refused("a payload does not open") from None
    end = len(packed.rstrip(b"\0"))
    check(end >= 2 and packed[end - 1] == 0x80 and padme(end) == len(packed), "a payload is packed otherwise")
    check(packed[0] in (0, 1), "a payload's form")
    if packed[0] == 0:
        return packed[1 : end - 1]
    inflate = zlib.decompressobj(-15)
    try:
        plain = inflate.decompress(packed[1 : end - 1], 16 << 20)
    except zlib.error:
        raise Refused("a payload does not inflate") from None
    check(inflate.eof, "a payload does not end")
    return plain


def piece(r):
    form = r.number("B")
    check(form <= 4, "a piece's form")
    key = r.take(32) if form == 4 else None
    data = r.take(SIGNED) if form < 3 else r.run()
    h = header(data)
    check((h["kind"] == 1) == (form == 3), "an entry in the clear is shown, and no other")
    if form >= 3:
        check(len(data) == SIGNED + h["length"], "the payload is not as long as the header says")
    return form, key, data, h


# The whole

def verify(data):
    members = archive(data)
    check("certificate.bin" in members, "there is no certificate.bin")
    raw = members.pop("certificate.bin")
    r = Reader(raw)
    check(r.take(24) == MAGIC, "another magic")
    keys = ("schema", "workspace", "workspace_name", "as_of", "zones", "subject", "assets", "calendars")
    about = read_json(r.run(), keys, "about")
    check(about["schema"] == 1, "another schema")
    workspace = bytes.fromhex(about["workspace"])
    pieces, last = [], None
    for _ in range(r.number("I")):
        one = piece(r)
        h = one[3]
        place = (h["document"], h["log"], h["position"], h["id"])
        check(last is None or last < place, "pieces are in order")
        last = place
        pieces.append(one)
    keys = ("device", "person", "printed_name", "organisation", "made_at", "attachments")
    maker = read_json(r.run(), keys, "maker")
    whole = raw[: r.at]
    signed(bytes.fromhex(maker["device"]), "proofroom 1 certificate", digest(whole), r.take(64), "the maker")
    check(r.at == len(raw), "something follows the signature")
    names = [a["name"] for a in maker["attachments"]]
    check(names == sorted(members, key=str.encode), "the attachments are others")
    for a in maker["attachments"]:
        body = members[a["name"]]
        check(digest(body).hex() == a["hash"] and len(body) == a["bytes"], f"{a['name']} was altered")
    for form, key, data, h in pieces:
        if form >= 3:
            check(digest(data[SIGNED:]) == h["hash"], "a payload is not the one that was signed")
        signed(h["author"], "proofroom 1 entry", data[:HEADER], h["signature"], "an entry")
        check((h["id"] if h["genesis"] else h["workspace"]) == workspace, "an entry of another workspace")
    plain = [opened(key, data) if form == 4 else None for form, key, data, _ in pieces]
    chains(pieces)
    frontiers(pieces, plain)
    erasures(pieces)
    return len(pieces), words(workspace, pieces, plain)


def chains(pieces):
    """Positions without gaps and without doubles; what logs go on from, and stand on, is there."""
    ids = {h["id"] for *_, h in pieces}
    tip = {}
    for *_, h in pieces:
        log = (h["document"], h["log"])
        position, hash_before = tip.get(log, (0, bytes(32)))
        check(h["position"] != position, "two entries at one position")
        check(h["position"] == position + 1, "a gap in a log")
        check(h["previous"] == hash_before, "an entry follows another one")
        check(not any(h["previous_log"]) or h["previous_log"] in ids, "an earlier log is missing")
        check(h["genesis"] or h["membership"] in ids, "a membership entry is missing")
        tip[log] = (h["position"], h["id"])


def frontiers(pieces, plain):
    """What the signers of decisions and acts say that they had in front of them is there."""
    there = {(h["log"], h["position"], h["id"]) for *_, h in pieces}
    for (*_, h), text in zip(pieces, plain):
        if h["kind"] not in (4, 6, 7) or text is None:
            continue
        statement = json.loads(text)
        check(isinstance(statement, dict) and "seen_heads" in statement, "a statement without what its signer had seen")
        for log, head in statement["seen_heads"].items():
            place = (bytes.fromhex(log), head["seq"], bytes.fromhex(head["hash"]))
            check(place in there, "what a signer had in front of them is missing")


def words(workspace, pieces, plain):
    """The words of relays, in receipts, that they held what the receipt names."""
    out = []
    for (*_, h), text in zip(pieces, plain):
        if h["kind"] != 6 or text is None:
            continue
        receipt = json.loads(text)
        word = receipt.get("relay")
        if word is None:
            continue
        heads = sorted((bytes.fromhex(log), head) for log, head in receipt["seen_heads"].items())
        message = workspace + bytes.fromhex(receipt["review"]) + struct.pack("<QI", word["at"], len(heads))
        for log, head in heads:
            message += log + struct.pack("<Q", head["seq"]) + bytes.fromhex(head["hash"])
        try:
            signed(bytes.fromhex(word["key"]), "proofroom 1 held", message, bytes.fromhex(word["signature"]), "a relay")
        except Refused:
            continue
        out.append({"relay": word["key"], "at": word["at"]})
    return out


def erasures(pieces):
    """Entries that are said to be erased are ones that a membership operation names. Whether it counts is not looked at."""
    named = set()
    for form, _, data, h in pieces:
        if form != 3:
            continue
        r = Reader(data[SIGNED:])
        check(r.number("B") == 1, "a membership operation's version")
        r.take(32 * r.number("H"))
        if r.number("B") == 13:
            r.take(32)
            rows = [r.take(72) for _ in range(r.number("I"))]
            named.update(row[40:] for row in rows)
    for form, *_, h in pieces:
        check(form != 2 or h["id"] in named, "an entry is said to be erased, and nothing erases it")


def main(paths):
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        try:
            entries, held = verify(data)
            line = {"file": path, "holds": True, "why": None, "entries": entries, "words": held}
        except (Refused, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
            line = {"file": path, "holds": False, "why": str(error), "entries": 0, "words": []}
        print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
