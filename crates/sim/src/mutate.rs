//! Mutations that get past the first door: the checksum is made right again.

use sha2::{Digest as _, Sha256};

use crate::dice::Dice;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// Changes up to four places: a byte, a missing or doubled byte, a copied piece.
pub fn mutate_bytes(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        if out.is_empty() {
            out.push(dice.byte());
        }
        let at = dice.index(out.len());
        match dice.below(5) {
            0 => out.insert(at, dice.byte()),
            1 if out.len() > 1 => drop(out.remove(at)),
            2 => {
                let end = (at + dice.index(8)).min(out.len());
                let piece = out[at..end].to_vec();
                let to = dice.index(out.len());
                out.splice(to..to, piece);
            }
            3 => out[at] ^= 1 << dice.below(8),
            _ => out[at] = dice.byte(),
        }
    }
    out
}

/// An automerge chunk of this body with a right checksum and length.
pub fn repair_chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut tail = vec![kind];
    let mut left = body.len();
    while left > 0x7f {
        tail.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
        left >>= 7;
    }
    tail.push(u8::try_from(left).expect("seven bits"));
    tail.extend_from_slice(body);
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&Sha256::digest(&tail)[..4]);
    out.extend(tail);
    out
}

/// The kind and body of a chunk that an honest peer wrote.
pub(crate) fn chunk_body(chunk: &[u8]) -> Option<(u8, &[u8])> {
    let kind = *chunk.get(8)?;
    let length = chunk.get(9..)?.iter().position(|b| b & 0x80 == 0)?;
    Some((kind, chunk.get(9 + length + 1..)?))
}

/// A batch of changes in which one change is mutated and its checksum right again.
pub(crate) fn mutate_batch(dice: &mut Dice, batch: &[u8]) -> Vec<u8> {
    let mut chunks = split_batch(batch);
    if chunks.is_empty() || dice.chance(50) {
        return mutate_bytes(dice, batch);
    }
    let at = dice.index(chunks.len());
    if let Some((kind, body)) = chunk_body(&chunks[at]) {
        chunks[at] = repair_chunk(kind, &mutate_bytes(dice, body));
    }
    match dice.below(20) {
        0 => chunks.swap(0, at),
        1 => chunks.push(chunks[at].clone()),
        _ => {}
    }
    join_batch(&chunks)
}

/// The chunks of a batch: each after its length.
pub(crate) fn split_batch(batch: &[u8]) -> Vec<Vec<u8>> {
    let (mut out, mut rest) = (Vec::new(), batch);
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
        let Some(chunk) = after.get(..len) else { break };
        out.push(chunk.to_vec());
        rest = &after[len..];
    }
    out
}

fn join_batch(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&u32::try_from(chunk.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out
}
